"""A run's model and its task's baselines on the same validation rows: tabpipe leaderboard --help

Each baseline is fitted on the training rows alone, as the run's spec encodes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from trainer import contract
from trainer.tasks.kinds import TaskKind
from vertex_tabular.pages.formatting import counted, whole
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report import baselines
from vertex_tabular.report.bootstrap import Interval, intervals
from vertex_tabular.report.cells import verdict
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.epochs import what_rows_selected
from vertex_tabular.report.plots import validation_rows
from vertex_tabular.run.arrays import read_rows
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

MODEL = "Model"
# What a report takes the time for, some seconds at most; `tabpipe leaderboard` takes all rows.
MAX_NUMBERS = 1_000_000  # training rows × features × outputs of the model
MAX_ROWS = 100_000
SAMPLE_ROWS = 10_000  # of a longer table, for the baselines that learn little from more


@dataclass(frozen=True)
class Entry:
    """One model of the leaderboard.

    Attributes:
        name: Model, or one of `baselines.BASELINES`.
        metrics: by name, on the validation rows.
        gains: by metric, how much better the run's model is, on the same resamples; below 0 where
            it is worse. None of the model's own.
    """

    name: str
    metrics: dict[str, Interval]
    gains: dict[str, Interval]


@dataclass(frozen=True)
class Leaderboard:
    """The run's model and others, that of the lowest loss first.

    Attributes:
        kind: of the task.
        rows: that judged: how many.
        entries: the models.
        notes: what is not as it could be, in sentences.
    """

    kind: TaskKind
    rows: int
    entries: Sequence[Entry]
    notes: Sequence[str] = ()

    @property
    def model(self) -> Entry:
        """The run's own."""
        return next(entry for entry in self.entries if entry.name == MODEL)

    @property
    def others(self) -> list[Entry]:
        """Without the run's model."""
        return [entry for entry in self.entries if entry.name != MODEL]

    @property
    def chief_metrics(self) -> list[str]:
        """The loss, then what the report's first sentence names or, if that is it, the next."""
        names = [self.kind.loss_metric, self.kind.primary_metric, *self.kind.metrics]
        return list(dict.fromkeys(names))[:2]


def leaderboard_of(run: RunDirectory) -> Leaderboard:
    """The leaderboard of a run of the pipeline, every baseline fitted on all training rows.

    Raises:
        TabularError: the run is not whole.
        InputError: the arrays are gone, or are not those of the run.
    """
    run.verify()
    data = run.metrics["hyperparameters"]
    with one_thread():
        x = validation_rows(run, data["val"])
        train = read_rows(data["train"], contract.TRAIN_KEYS)
        others, notes = predictions_of(run, train, x)
        return compare(run, others, [*notes, what_rows_selected(run)])


def to_dict(board: Leaderboard) -> dict[str, Any]:
    """The leaderboard as JSON holds it: null for what is not a number."""
    entries = [
        {**asdict(entry), "verdicts": {m: verdict(gain) for m, gain in entry.gains.items()}}
        for entry in board.entries
    ]
    return {
        "task": board.kind.name,
        "loss": board.kind.loss_metric,
        "rows": board.rows,
        "entries": [contract.to_json(entry) for entry in entries],
        "notes": [*board.notes],
    }


def compare(
    run: RunDirectory, others: Mapping[str, Array], notes: Sequence[str] = ()
) -> Leaderboard:
    """The run's predictions beside those of others, by name, of the same rows."""
    predictions = {MODEL: run.predictions, **others}
    alone, differences = intervals(run.task, run.y, predictions, MODEL)
    entries = [
        Entry(
            name,
            metrics,
            {
                metric: gap if run.kind.metrics[metric].higher_is_better else _reversed(gap)
                for metric, gap in differences.get(name, {}).items()
            },
        )
        for name, metrics in alone.items()
    ]
    loss = run.kind.loss_metric
    entries.sort(key=lambda entry: entry.metrics[loss].value)
    return Leaderboard(run.kind, len(run.y), entries, notes)


def training_rows(run: RunDirectory, train_data: str) -> tuple[Array, Array]:
    """The rows x (n, features) and y (n,) that a report fits the baselines on: all, or of a table
    beyond the limits a sample."""
    limit = None if _is_small(run) else SAMPLE_ROWS
    return read_rows(train_data, contract.TRAIN_KEYS, limit)


def predictions_of(
    run: RunDirectory, train: tuple[Array, Array], x: Array
) -> tuple[dict[str, Array], list[str]]:
    """What each baseline, learned from `train`, predicts for rows x (m, features); and notes.

    Trees learn all training rows or none: on a sample they are not what the model has to beat.
    """
    rows = run.metrics["rows"]["train"]
    sampled = len(train[1]) < rows
    known = baselines.TrainingRows(run.task, *train, len(run.classes), columns_of(run))
    names = [name for name in run.kind.baselines if not sampled or name != baselines.TREES]
    fitted = baselines.fit(known, names)
    notes = []
    if sampled:
        notes.append(
            f"The baselines learned {counted(len(train[1]), 'row')} of {whole(rows)}, and boosted "
            "trees are left out; tabpipe leaderboard fits all of them on every training row."
        )
    elif baselines.TREES not in fitted:
        notes.append(
            "Boosted trees are left out: scikit-learn is not installed; "
            "pip install 'vertex-tabular[trees]'."
        )
    return {name: predictor(x) for name, predictor in fitted.items()}, notes


def _is_small(run: RunDirectory) -> bool:
    rows = run.metrics["rows"]["train"]
    numbers = rows * run.metrics["features"] * run.metrics["outputs"]
    return bool(rows <= MAX_ROWS and numbers <= MAX_NUMBERS)


def _reversed(gap: Interval) -> Interval:
    # By subtraction, because the negative of 0 is −0.
    return Interval(0.0 - gap.value, 0.0 - gap.high, 0.0 - gap.low)

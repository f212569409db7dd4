"""How runs differ in parameters, data, code and metrics, and whether by more than chance."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.history.fetch import Copy
from pipelines.record import Record
from trainer.contract import HISTORY, MANIFEST, METRICS, PREDICTIONS
from trainer.errors import TabularError
from trainer.uri import join

Values = dict[str, list[Any]]  # by name, one value for each run

READ = (METRICS, PREDICTIONS, HISTORY)
UNKNOWN = "unknown"  # the digest of code on Vertex AI, or of a table that was not read yet
# What determines, with the table, the validation rows and their order. Not `fit_on` or the
# columns: one compares runs with other features of the same rows.
SPLIT = ("val_size", "test_size", "split_seed")


@dataclass
class Difference:
    """The difference between a run's metric on the validation rows and the first run's.

    Attributes:
        run_id: the run.
        metric: log_loss, auc, rmse, …
        value: the run's metric minus the first run's.
        low, high: the 95 % interval of that, by bootstrap of the rows both runs predicted.
    """

    run_id: str
    metric: str
    value: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval excludes 0; False when there is none, which is NaN."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """The difference in words, with the direction that is better for this metric."""
        from trainer.tasks.metrics import METRICS

        if not self.beyond_chance:
            return "within chance"
        better = (self.value > 0) == METRICS[self.metric].higher_is_better
        return f"{'better' if better else 'worse'}, beyond chance"


@dataclass
class Comparison:
    """What differs between runs; values that are the same in all runs are omitted.

    Attributes:
        run_ids: the others are compared with the first.
        states: of each run.
        parameters, data, code: what differs; defaults are filled in.
        metrics: every metric.
        differences: on the same validation rows, only for runs that have them.
        not_paired: by run, why its metrics cannot be compared row by row.
        histories: by run, the columns of eval_history.csv; of runs that have results.
        seconds: how long the steps of each run took together; None where that is not known.
        reports: path of each run's report; empty where it is not on this machine.
    """

    run_ids: list[str]
    states: list[str]
    parameters: Values
    data: Values
    code: Values
    metrics: Values
    differences: list[Difference] = field(default_factory=list)
    not_paired: dict[str, str] = field(default_factory=dict)
    histories: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: list[float | None] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Predictions:
    """The part of a run's results that is compared: y and predictions are those of
    val_predictions.npz, history is float64 (epochs,) by column."""

    task: str
    versions: dict[str, str]
    y: Any
    predictions: Any
    history: dict[str, Any]


def compare(records: Sequence[Record], copier: Callable[[Record], Copy]) -> Comparison:
    """Compares runs with the first of them; `copier` gives the function that copies a run's files.

    Raises:
        TabularError: a run's results are damaged.
    """
    predictions = [_predictions(record, copier(record)) for record in records]
    versions = [found.versions if found else {} for found in predictions]
    result = Comparison(
        [record.run_id for record in records],
        [record.state for record in records],
        _differing([_flat(record.arguments) for record in records]),
        _differing([{"table": record.fingerprint or UNKNOWN} for record in records]),
        _differing(
            [{"code": r.code or UNKNOWN, **v} for r, v in zip(records, versions, strict=True)]
        ),
        _aligned([record.metrics for record in records]),
        seconds=[record.seconds for record in records],
        reports=[_report(record) for record in records],
    )
    for record, found in zip(records, predictions, strict=True):
        if found:
            result.histories[record.run_id] = found.history
    for record, found in zip(records[1:], predictions[1:], strict=True):
        why = _why_not_paired(records[0], record, predictions[0], found)
        if why:
            result.not_paired[record.run_id] = why
        elif found and predictions[0]:
            result.differences += _differences(record.run_id, predictions[0], found)
    return result


def _report(record: Record) -> str:
    path = record.artifacts.get("report", "")
    return path if path and Path(path).is_file() else ""


def _predictions(record: Record, copy: Copy) -> Predictions | None:
    """None for a run that has no results."""
    from vertex_tabular.run.directory import RunDirectory

    source = record.artifacts.get("run_directory")
    if record.state != "SUCCEEDED" or not source:
        return None
    with tempfile.TemporaryDirectory() as name:
        for file in (MANIFEST, *READ):
            copy(join(source, file), Path(name, file))
        try:
            run = RunDirectory(name)
            return Predictions(
                run.task, run.metrics["versions"], run.y, run.predictions, run.history
            )
        except TabularError as error:
            raise TabularError(str(error).replace(name, source)) from error


def _why_not_paired(
    first: Record, other: Record, a: Predictions | None, b: Predictions | None
) -> str | None:
    """Why the rows of two runs are not known to be the same; None when they are.

    They are when their files are the same; or when the table, the split and the labels in order
    are: the files also differ when only the features made from the rows do."""
    import numpy as np

    if not a or not b:
        return "a run without results has no predictions"
    if a.task != b.task or a.predictions.shape != b.predictions.shape:
        return "the validation rows, or the tasks, differ"
    same_file = first.val_sha256 == other.val_sha256 != ""
    if not same_file and (first.fingerprint != other.fingerprint or not first.fingerprint):
        return "the tables differ, or their fingerprints are unknown"
    if not same_file and _split(first) != _split(other):
        return "the split differs, so the validation rows do too"
    if not np.array_equal(a.y, b.y):
        return "the validation rows differ"
    return None


def _split(record: Record) -> list[Any]:
    schema = record.arguments.get("schema") or {}
    keys = map(schema.get, ("target", "split", "missing_target"), (None, "random", "refuse"))
    return [*keys, *map(record.arguments.get, SPLIT)]


def _differences(run_id: str, first: Predictions, other: Predictions) -> list[Difference]:
    from vertex_tabular.prediction.threads import one_thread
    from vertex_tabular.report.bootstrap import intervals

    predictions = {"first": first.predictions, "other": other.predictions}
    with one_thread():
        _, found = intervals(first.task, first.y, predictions, "first")
    # `intervals` gives the first's metric minus the other's, so the sign is reversed here; by
    # subtraction, because the negative of 0 is −0.
    return [
        Difference(run_id, metric, 0.0 - gap.value, 0.0 - gap.high, 0.0 - gap.low)
        for metric, gap in found["other"].items()
    ]


def _aligned(each: Sequence[dict[str, Any]]) -> Values:
    names = sorted({name for values in each for name in values})
    return {name: [values.get(name) for values in each] for name in names}


def direction(metric: str) -> str:
    """Which values of a metric are better, "higher" or "lower"; empty where that is not known."""
    from trainer.tasks.metrics import METRICS

    known = METRICS.get(metric.removeprefix("validation_").removeprefix("test_"))
    return "" if known is None else "higher" if known.higher_is_better else "lower"


def best(metric: str, values: Sequence[Any]) -> list[int]:
    """The numbers of the runs that have the best value of a metric; none where they all have the
    same, or the direction is not known."""
    numbers = [math.nan if value is None else float(value) for value in values]
    finite = [number for number in numbers if math.isfinite(number)]
    if not direction(metric) or len(set(finite)) < 2:
        return []
    top = max(finite) if direction(metric) == "higher" else min(finite)
    return [i for i, number in enumerate(numbers) if number == top]


def _differing(each: Sequence[dict[str, Any]]) -> Values:
    found = _aligned(each).items()
    return {name: v for name, v in found if any(value != v[0] for value in v)}


def _flat(values: Any, name: str = "") -> dict[str, Any]:
    """Nested values by their path, so that only what differs between two schemas is shown; the
    items of a list of columns are named after the columns."""
    if isinstance(values, list) and all(isinstance(v, dict) and "name" in v for v in values):
        values = {str(v["name"]): {**v, "name": number} for number, v in enumerate(values)}
    if not isinstance(values, dict):
        return {name: values}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{name}.{key}" if name else str(key))
    return found

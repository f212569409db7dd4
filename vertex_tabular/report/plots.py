"""Every plot of a run: those that suit its task."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError
from trainer.tasks.kinds import TaskKind
from trainer.tasks.metrics import METRICS
from vertex_tabular.pages.formatting import decimal, shortened
from vertex_tabular.report import class_charts, curves, importance, number_charts
from vertex_tabular.report.chart import Bars, Chart, Series
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.epochs import epochs_of
from vertex_tabular.report.importance import REPEATS, Importance, loss_name
from vertex_tabular.run.arrays import read_rows
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

MAX_BARS = 20

# By name, as `trainer.tasks.kinds` lists them for each kind of task.
CHARTS: dict[str, Callable[[RunDirectory], list[Chart]]] = {
    "discrimination": class_charts.discrimination,
    "rates": class_charts.rates,
    "calibration": class_charts.calibration,
    "numbers": number_charts.numbers,
}


def plots_of(run: RunDirectory, x: Array | None) -> list[Chart | Bars]:
    """The plots of a run's predictions, in the order of the report; x is (n, features)."""
    shown: list[Chart | Bars] = []
    for name in run.kind.charts:
        shown += CHARTS[name](run)
    if x is not None:
        columns = columns_of(run)
        found = importance.importances(run.task, run.network, columns, x, run.y)
        shown.append(importance_of(run.task, found, len(columns)))
    return shown


def thresholds_of(run: RunDirectory) -> curves.Thresholds | None:
    """What each threshold does; None unless there are two classes."""
    return curves.thresholds(run.y, run.predictions) if run.task == "binary" else None


def validation_rows(run: RunDirectory, val_data: str) -> Array:
    """The features (n, features) of the rows that the run was validated on.

    Raises:
        InputError: `val_data` has other rows.
    """
    x, y = read_rows(val_data, contract.VAL_KEYS)
    # A value of y went through training's float32 scaling, so that 0 came back as almost 0.
    near = 1e-4 * np.abs(y).max(initial=0)
    same = len(y) == len(run.y) and np.allclose(y, run.y, rtol=1e-4, atol=near)
    if not same or x.shape[1] != run.metrics["features"]:
        raise InputError(
            f"val_data must be the rows that the run was validated on, got other rows: {val_data}"
        )
    return x


def learning(run: RunDirectory) -> list[Chart]:
    """Loss and score by epoch."""
    history = run.history
    if not len(history.get("epoch", ())):
        return []
    epochs = history["epoch"]
    telling = epochs_of(run)
    mark = (float(telling.kept), f"kept: {telling.kept}")
    kept = curves.evenly(epochs)
    kept[np.abs(kept - (telling.kept - 1)).argmin()] = telling.kept - 1  # it must be among them
    metric = METRICS[run.kind.score]
    values = history[f"validation_{metric.name}"]
    at_kept = decimal(float(values[telling.kept - 1]))
    losses = np.concatenate([history["train_loss"], history["validation_loss"]])
    name, label = score_names(run.kind)
    return [
        Chart(
            "loss",
            "Loss by epoch",
            telling.caption,
            "Epoch",
            f"Loss ({run.kind.loss_unit})",
            [
                Series("training", epochs[kept], history["train_loss"][kept]),
                Series("validation", epochs[kept], history["validation_loss"][kept], colour=1),
            ],
            whole_x=True,
            log_y=bool(losses.min() > 0 and losses.max() > 10 * losses.min()),
            mark=mark,
        ),
        Chart(
            "score",
            f"Validation {name} by epoch",
            f"At epoch {telling.kept}, of which the model is, it was {at_kept}"
            f"{f' (of {telling.blended} alone)' if telling.blended else ''}; at the first, "
            f"{decimal(float(values[0]))}.",
            "Epoch",
            label,
            [Series("validation", epochs[kept], values[kept], colour=1)],
            whole_x=True,
            mark=mark,
        ),
    ]


def score_names(kind: TaskKind) -> tuple[str, str]:
    """The score of each epoch as a sentence names it, and as an axis does."""
    label = METRICS[kind.score].label
    axis = label if kind.classifies else f"{label} (the target’s units)"
    return label if label.isupper() else label.lower(), axis


def importance_of(task: str, found: Sequence[Importance], columns: int) -> Bars:
    """The most important of so many columns."""
    shown = list(found)[:MAX_BARS]
    rest = "" if len(found) <= MAX_BARS else f" The first {MAX_BARS} of {len(found)} columns."
    if len(found) < columns:
        rest += f" Measured were the {len(found)} of {columns} that go most with the predictions."
    return Bars(
        "importance",
        "Permutation importance",
        f"How much the loss grows when a column’s values are shuffled among the rows. "
        f"The column that matters most is {shortened(shown[0].name, 60)}. "
        f"Whiskers are ± one standard deviation over {REPEATS} shuffles."
        f"{rest}",
        f"Increase of {loss_name(task)}",
        [one.name for one in shown],
        [one.mean for one in shown],
        [one.deviation for one in shown],
    )

"""Every plot of a run: those that suit its task."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError
from trainer.models.network import Network
from vertex_tabular.report import class_charts, curves, importance, number_charts
from vertex_tabular.report.chart import Bars, Chart, Series
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.digits import decimal
from vertex_tabular.report.importance import REPEATS, Importance, loss_name
from vertex_tabular.report.run import Run, read_rows

Array = NDArray[Any]

MAX_BARS = 20


def plots_of(run: Run, x: Array | None, thresholds: curves.Thresholds | None) -> list[Chart | Bars]:
    """Every plot of a run, in the order of the report; x is (n, features), thresholds those of a
    binary task."""
    shown: list[Chart | Bars] = [*learning(run)]
    if run.task == "regression":
        shown += number_charts.numbers(run)
    else:
        shown += class_charts.discrimination(run, thresholds)
        shown += class_charts.rates(run, thresholds) if thresholds else []
        shown += class_charts.calibration(run)
    if x is not None:
        network = Network(run.directory / contract.WEIGHTS, run.metrics["family"])
        found = importance.importances(run.task, network, columns_of(run), x, run.y)
        shown.append(importance_of(run.task, found))
    return shown


def thresholds_of(run: Run) -> curves.Thresholds | None:
    """What each threshold does; None unless there are two classes."""
    return curves.thresholds(run.y, run.predictions) if run.task == "binary" else None


def validation_rows(run: Run, val_data: str) -> Array:
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
            f"val_data must be the rows that the run was validated on, got {val_data} has others"
        )
    return x


def learning(run: Run) -> list[Chart]:
    """Loss and score by epoch."""
    history = run.history
    if not len(history.get("epoch", ())):
        return []
    epochs = history["epoch"]
    best = int(run.metrics["best_epoch"])
    kept = curves.evenly(epochs)
    kept[np.abs(kept - (best - 1)).argmin()] = best - 1  # the best one must be among them
    score = next(name for name in history if name.startswith("validation_") and "loss" not in name)
    losses = np.concatenate([history["train_loss"], history["validation_loss"]])
    unit = "mean squared error, standardised" if run.task == "regression" else "nats"
    at_best = history["validation_loss"][best - 1]
    label = {"validation_rmse": "RMSE (the target’s units)"}.get(score, "Accuracy")
    values = history[score]
    return [
        Chart(
            "loss",
            "Loss by epoch",
            f"Training ran for {len(epochs)} epochs. The validation loss was lowest, "
            f"{decimal(float(at_best))}, at epoch {best}, where the training loss was "
            f"{decimal(float(history['train_loss'][best - 1]))}.",
            "Epoch",
            f"Loss ({unit})",
            [
                Series("training", epochs[kept], history["train_loss"][kept]),
                Series("validation", epochs[kept], history["validation_loss"][kept], colour=1),
            ],
            whole_x=True,
            log_y=bool(losses.min() > 0 and losses.max() > 10 * losses.min()),
            mark=(float(best), f"best: {best}"),
        ),
        Chart(
            "score",
            f"Validation {label.partition(' (')[0].replace('Acc', 'acc')} by epoch",
            f"At the best epoch, {best}, it was {decimal(float(values[best - 1]))}; "
            f"at the first, {decimal(float(values[0]))}.",
            "Epoch",
            label,
            [Series("validation", epochs[kept], values[kept], colour=1)],
            whole_x=True,
            mark=(float(best), f"best: {best}"),
        ),
    ]


def importance_of(task: str, found: Sequence[Importance]) -> Bars:
    """The most important columns."""
    shown = list(found)[:MAX_BARS]
    rest = "" if len(found) <= MAX_BARS else f" The first {MAX_BARS} of {len(found)} columns."
    return Bars(
        "importance",
        "Permutation importance",
        f"How much the loss grows when a column’s values are shuffled among the rows. "
        f"The column that matters most is {shown[0].name}. "
        f"Whiskers are ± one standard deviation over {REPEATS} shuffles."
        f"{rest}",
        f"Increase of {loss_name(task)}",
        [one.name for one in shown],
        [one.mean for one in shown],
        [one.deviation for one in shown],
    )

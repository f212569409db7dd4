"""Figures of merit of weighted rows: those of `trainer.metrics` for many resamples at once.

`counts` is (resamples, n), how often each resample has each row; None stands for a single one that
has each row once. All functions return float64 (resamples,), NaN where there is no such figure.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Figure:
    """How a figure is shown."""

    label: str
    higher_is_better: bool
    meaning: str


FIGURES = {
    "accuracy": Figure("Accuracy", True, "share of rows whose predicted class is the true one"),
    "macro_f1": Figure(
        "Macro F1", True, "mean over classes of the harmonic mean of precision and recall"
    ),
    "auc": Figure("ROC AUC", True, "chance that a row of a class scores above a row of another"),
    "log_loss": Figure("Log loss", False, "mean of −log of the true class’s probability, in nats"),
    "brier": Figure("Brier score", False, "mean squared error of the probabilities"),
    "rmse": Figure("RMSE", False, "root of the mean squared error, in the target’s units"),
    "mae": Figure("MAE", False, "mean absolute error, in the target’s units"),
    "r_squared": Figure("R²", True, "share of the target’s variance that is explained"),
}
# The figure that the headline names.
PRIMARY_METRIC = {"binary": "accuracy", "multiclass": "accuracy", "regression": "rmse"}


def figures(task: str, y: Array, predictions: Array, counts: Array | None) -> dict[str, Array]:
    """The figures of a task; `y` is (n,), `predictions` (n,) or (n, k)."""
    if task == "regression":
        return _of_numbers(y, predictions.astype(np.float64), counts)
    n, two = len(y), predictions.ndim == 1
    p = np.stack([1 - predictions, predictions], axis=1) if two else predictions
    labels = p.argmax(axis=1)
    given = p[np.arange(n), y].astype(np.float64)
    losses = -np.log(np.maximum(given, np.finfo(np.float32).eps))
    squares = np.einsum("ij,ij->i", p, p) - 2 * given + 1
    by_row = np.stack([labels == y, losses, squares / (2 if two else 1)], axis=1)
    accuracy, log_loss, brier = _sums(by_row, counts) / _rows(n, counts)
    found = {"accuracy": accuracy}
    if two:
        found["auc"] = auc(y == 1, predictions, counts)
    else:
        classes = range(p.shape[1])
        found["macro_f1"] = _macro_f1(y, labels, len(classes), counts)
        found["auc"] = np.mean([auc(y == c, p[:, c], counts) for c in classes], axis=0)
    return {**found, "log_loss": log_loss, "brier": brier}


def auc(ones: Array, scores: Array, counts: Array | None) -> Array:
    """Area under the ROC curve by the Mann-Whitney statistic, ties counting half: of rows that are
    of class 1 or not, bool (n,), by their scores (n,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if counts is None:
            above, below = np.sort(scores[ones]), np.sort(scores[~ones])
            pairs = sum(below.searchsorted(above, side).sum() for side in ("left", "right")) / 2
            return np.array([np.divide(pairs, len(above) * len(below))])
        order = np.argsort(scores)
        ranked, is_one, weights = scores[order], ones[order], counts[:, order]
        first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        above = np.add.reduceat(weights * is_one, first, axis=1)
        below = np.add.reduceat(weights * ~is_one, first, axis=1)
        lower = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        area: Array = lower / (above.sum(axis=1) * below.sum(axis=1))
    return area


def _macro_f1(y: Array, labels: Array, k: int, counts: Array | None) -> Array:
    """Mean over classes of 2·hits / (predicted + actual); 0 for a class with neither."""
    if counts is None:
        table = np.bincount(y * k + labels, minlength=k * k).reshape(k, k)
        hits: Array = table.diagonal()
        totals: Array = table.sum(axis=0) + table.sum(axis=1)
    else:
        actual, predicted = np.eye(k)[y], np.eye(k)[labels]
        hits, totals = counts @ (actual * predicted), counts @ (actual + predicted)
    mean: Array = np.atleast_1d((2 * hits / np.maximum(totals, 1)).mean(axis=-1))
    return mean


def _of_numbers(y: Array, prediction: Array, counts: Array | None) -> dict[str, Array]:
    rows, centred, errors = _rows(len(y), counts), y - y.mean(), prediction - y
    by_row = np.stack([errors**2, np.abs(errors), centred, centred**2], axis=1)
    squared, absolute, total, squares = _sums(by_row, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        r_squared = 1 - squared / (squares - total**2 / rows)
    r_squared[~np.isfinite(r_squared)] = np.nan
    return {"rmse": np.sqrt(squared / rows), "mae": absolute / rows, "r_squared": r_squared}


def _sums(by_row: Array, counts: Array | None) -> Array:
    """Sums of (n, m) over the rows of each resample: (m, resamples)."""
    sums: Array = by_row.sum(axis=0)[:, np.newaxis] if counts is None else (counts @ by_row).T
    return sums


def _rows(n: int, counts: Array | None) -> Array:
    return np.array([n]) if counts is None else counts.sum(axis=1)

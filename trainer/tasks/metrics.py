"""The metrics, each one weighted function in numpy and one entry of `METRICS`; no torch, and no
scikit-learn in a training container.

`y` (n,) holds the targets: 0 or 1, class numbers, or real numbers. `p` holds the predictions:
probabilities, (n,) of class 1 for two classes or (n, k) for k, or numbers (n,). `weights` says how
much each row counts: (n,), or (resamples, n) for as many metrics at once; None counts each row
once. All is computed in float64 and returned as float64: 0-d, or (resamples,); NaN where there is
no such metric, such as the AUC of one class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Weights = NDArray[Any] | None

CALIBRATION_BINS = 10


def accuracy(y: Array, p: Array, weights: Weights = None) -> Array:
    """The share of rows whose predicted class is the true one."""
    return _mean(predicted_class(p) == y, weights)


def macro_f1(y: Array, p: Array, weights: Weights = None) -> Array:
    """The mean over classes of 2·hits / (predicted + actual); 0 for a class with neither."""
    hits: Array
    totals: Array
    if weights is None:
        table = confusion_matrix(y, p)
        hits, totals = table.diagonal(), table.sum(axis=0) + table.sum(axis=1)
    else:
        one_hot = np.eye(_classes(p))
        actual, predicted = one_hot[y.astype(np.int64)], one_hot[predicted_class(p)]
        hits, totals = weights @ (actual * predicted), weights @ (actual + predicted)
    shares: Array = 2 * hits / np.where(totals > 0, totals, 1)
    return np.asarray(shares.mean(axis=-1))


def auc(y: Array, p: Array, weights: Weights = None) -> Array:
    """Area under the ROC curve; of more than two classes the mean over classes of each class's
    against all others."""
    if p.ndim == 1:
        return auc_of_ranking(y == 1, p, weights)
    each = [auc_of_ranking(y == c, p[:, c], weights) for c in range(p.shape[1])]
    return np.asarray(np.mean(each, axis=0))


def auc_of_ranking(ones: Array, scores: Array, weights: Weights = None) -> Array:
    """The chance that a row of class 1 scores above another row, ties counting half (the
    Mann-Whitney U statistic), of rows that are of class 1 or not, bool (n,), by scores (n,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if weights is None:
            above, below = np.sort(scores[ones]), np.sort(scores[~ones])
            pairs = sum(below.searchsorted(above, side).sum() for side in ("left", "right")) / 2
            return np.asarray(np.divide(pairs, len(above) * len(below)))
        order = np.argsort(scores)
        ranked, is_one, ordered = scores[order], ones[order], weights[..., order]
        first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        above = np.add.reduceat(ordered * is_one, first, axis=-1)
        below = np.add.reduceat(ordered * ~is_one, first, axis=-1)
        lower = (above * (np.cumsum(below, axis=-1) - below / 2)).sum(axis=-1)
        return np.asarray(lower / (above.sum(axis=-1) * below.sum(axis=-1)))


def log_loss(y: Array, p: Array, weights: Weights = None) -> Array:
    """Mean of -log of the probability given to the true class, which is clipped to float32's
    resolution: one certain error in a million rows must not make the mean infinite."""
    return _mean(-np.log(np.maximum(probability_of_truth(y, p), np.finfo(np.float32).eps)), weights)


def brier(y: Array, p: Array, weights: Weights = None) -> Array:
    """Mean squared distance of the probabilities from the truth: (p - y)² for two classes, its sum
    over the classes for more (Brier 1950)."""
    p = p.astype(np.float64)
    if p.ndim == 1:
        return _mean((p - y) ** 2, weights)
    return _mean(np.einsum("ij,ij->i", p, p) - 2 * probability_of_truth(y, p) + 1, weights)


def calibration_error(y: Array, p: Array, weights: Weights = None) -> Array:
    """Expected calibration error: the mean gap between confidence and accuracy over equal-width
    bins of confidence, weighted by their rows (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
    """
    correct, confidence = confidence_of(y, p)
    bins = calibration_bins(confidence)
    gaps = correct - confidence
    if weights is None:
        total = np.abs(np.bincount(bins, gaps, CALIBRATION_BINS)).sum(axis=-1)
        return np.asarray(total / len(y))
    by_bin = gaps[:, np.newaxis] * np.eye(CALIBRATION_BINS)[bins]
    return np.asarray(np.abs(weights @ by_bin).sum(axis=-1) / weights.sum(axis=-1))


def rmse(y: Array, p: Array, weights: Weights = None) -> Array:
    """Root of the mean squared error, in the target's units."""
    return np.asarray(np.sqrt(_mean((y - p.astype(np.float64)) ** 2, weights)))


def mae(y: Array, p: Array, weights: Weights = None) -> Array:
    """Mean absolute error, in the target's units."""
    return _mean(np.abs(y - p.astype(np.float64)), weights)


def r_squared(y: Array, p: Array, weights: Weights = None) -> Array:
    """1 - squared error / squared distance from the mean; NaN when `y` is constant."""
    error = _mean((y - p.astype(np.float64)) ** 2, weights)
    centred = y - y.mean()  # of all rows: a large mean would cost the digits of the variance
    variance = _mean(centred**2, weights) - _mean(centred, weights) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(variance > 0, 1 - error / variance, np.nan))


@dataclass(frozen=True)
class Metric:
    """One metric and how it is shown.

    Attributes:
        compute: of y, p and weights, as this module describes them.
        label: its name in a report.
        meaning: a phrase that says what it is.
        higher_is_better: which way is up.
        tasks: the kinds of task that have it.
    """

    compute: Callable[[Array, Array, Weights], Array]
    label: str
    meaning: str
    higher_is_better: bool
    tasks: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name in metrics.json, after the rows that it is of: validation_NAME."""
        return self.compute.__name__


BOTH, MANY, NUMBER = ("binary", "multiclass"), ("multiclass",), ("regression",)
METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            accuracy, "Accuracy", "share of rows whose predicted class is the true one", True, BOTH
        ),
        Metric(
            macro_f1,
            "Macro F1",
            "mean over classes of the harmonic mean of precision and recall",
            True,
            MANY,
        ),
        Metric(
            auc, "ROC AUC", "chance that a row of a class scores above a row of another", True, BOTH
        ),
        Metric(
            log_loss,
            "Log loss",
            "mean of −log of the true class’s probability, in nats",
            False,
            BOTH,
        ),
        Metric(brier, "Brier score", "mean squared error of the probabilities", False, BOTH),
        Metric(
            calibration_error,
            "Calibration error",
            "mean gap between confidence and accuracy, over ten bins of confidence",
            False,
            BOTH,
        ),
        Metric(
            rmse, "RMSE", "root of the mean squared error, in the target’s units", False, NUMBER
        ),
        Metric(mae, "MAE", "mean absolute error, in the target’s units", False, NUMBER),
        Metric(r_squared, "R²", "share of the target’s variance that is explained", True, NUMBER),
    )
}


def metrics_of(task: str) -> dict[str, Metric]:
    """The metrics of a kind of task, by name, in the order in which they are shown."""
    return {name: metric for name, metric in METRICS.items() if task in metric.tasks}


def compute(task: str, y: Array, p: Array, weights: Weights = None) -> dict[str, Array]:
    """Every metric of a kind of task, by name."""
    return {name: metric.compute(y, p, weights) for name, metric in metrics_of(task).items()}


def predicted_class(p: Array) -> NDArray[np.int64]:
    """The class that each row is given, int64 (n,): of two classes, at threshold 0.5."""
    labels: NDArray[np.int64] = (p > 0.5).astype(np.int64) if p.ndim == 1 else p.argmax(axis=1)
    return labels


def confidence_of(y: Array, p: Array) -> tuple[Array, Array]:
    """What calibration compares, float64 (n,) each: whether each row is right, and the probability
    that said so. Of two classes, whether it is of class 1, and the probability of that."""
    p = p.astype(np.float64)
    if p.ndim == 1:
        return (y == 1).astype(np.float64), p
    return (predicted_class(p) == y).astype(np.float64), p.max(axis=1)


def calibration_bins(confidence: Array) -> NDArray[np.int64]:
    """The bin of each row's confidence (n,), from 0: ten of equal width."""
    last = CALIBRATION_BINS - 1
    bins: NDArray[np.int64] = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), last)
    return bins


def confusion_matrix(y: Array, p: Array) -> NDArray[np.int64]:
    """How many rows of each true class (rows) were given each class (columns): int64 (k, k)."""
    k = _classes(p)
    pairs = y.astype(np.int64) * k + predicted_class(p)
    counts: NDArray[np.int64] = np.bincount(pairs, minlength=k * k).reshape(k, k)
    return counts


def _classes(p: Array) -> int:
    return 2 if p.ndim == 1 else int(p.shape[1])


def probability_of_truth(y: Array, p: Array) -> Array:
    """The probability given to each row's true class, float64 (n,)."""
    if p.ndim == 1:
        p = p.astype(np.float64)
        return np.where(y == 1, p, 1 - p)
    given: Array = p[np.arange(len(y)), y.astype(np.int64)].astype(np.float64)
    return given


def _mean(values: Array, weights: Weights) -> Array:
    """The mean of values (n,): 0-d, or (resamples,)."""
    if weights is None:
        return np.asarray(values.mean(dtype=np.float64))
    return np.asarray(weights @ values.astype(np.float64) / weights.sum(axis=-1))

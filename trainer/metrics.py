"""Figures of merit in numpy, so that a training container needs no scikit-learn.

`y` holds the targets, one a row: 0 or 1, class numbers, or real numbers. `p` holds probabilities:
(n,) of class 1 for two classes, (n, k) for k. All are computed in float64.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def accuracy(y: Array, labels: Array) -> float:
    """The share of rows whose label is the predicted one."""
    return float((y == labels).mean())


def auc(y: Array, p: Array) -> float:
    """Area under the ROC curve: the chance that a row of class 1 scores above one of class 0, ties
    counting half (the Mann-Whitney U statistic). NaN when `y` has one class only."""
    ones, zeros = np.sort(p[y == 1]), np.sort(p[y != 1])
    if not len(ones) or not len(zeros):
        return float("nan")
    below = int(np.searchsorted(zeros, ones, "left").sum())
    not_above = int(np.searchsorted(zeros, ones, "right").sum())
    return (below + not_above) / 2 / (len(ones) * len(zeros))


def auc_one_vs_rest(y: Array, p: Array) -> float:
    """The mean over classes of each class's AUC against all others; NaN when one is absent."""
    return float(np.mean([auc((y == k).astype(np.float64), p[:, k]) for k in range(p.shape[1])]))


def log_loss(y: Array, p: Array) -> float:
    """Mean of -log of the probability given to the true class, which is clipped to float32's
    resolution: one certain error in a million rows must not make the mean infinite."""
    given = np.where(y == 1, p, 1 - p) if p.ndim == 1 else p[np.arange(len(y)), y.astype(np.int64)]
    return float(-np.log(np.maximum(given, np.finfo(np.float32).eps)).mean())


def brier(y: Array, p: Array) -> float:
    """Mean squared distance of the probabilities from the truth: (p - y)² for two classes, its sum
    over the classes for more (Brier 1950)."""
    if p.ndim == 1:
        return float(((p - y) ** 2).mean())
    truth = np.eye(p.shape[1])[y.astype(np.int64)]
    return float(((p - truth) ** 2).sum(axis=1).mean())


def calibration_error(correct: Array, confidence: Array, bins: int = 10) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equal-width
    bins of confidence, weighted by their rows (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    `correct` is 0 or 1 for each row, `confidence` the probability that it is 1.
    """
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(which, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(correct))


def macro_f1(y: Array, labels: Array, classes: int) -> float:
    """The mean over classes of 2·hits / (predicted + actual); 0 for a class with neither."""
    scores = []
    for k in range(classes):
        hits = int(((y == k) & (labels == k)).sum())
        total = int((y == k).sum() + (labels == k).sum())
        scores.append(2 * hits / total if total else 0.0)
    return float(np.mean(scores))


def rmse(y: Array, prediction: Array) -> float:
    """Root of the mean squared error, in the target's units."""
    return float(np.sqrt(((y - prediction) ** 2).mean()))


def mae(y: Array, prediction: Array) -> float:
    """Mean absolute error, in the target's units."""
    return float(np.abs(y - prediction).mean())


def r_squared(y: Array, prediction: Array) -> float:
    """1 - (squared error / squared distance from the mean); NaN when `y` is constant."""
    spread = float(((y - y.mean()) ** 2).sum())
    return 1 - float(((y - prediction) ** 2).sum()) / spread if spread else float("nan")

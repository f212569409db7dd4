"""Curves over all thresholds, and what one threshold does; thinned to at most 200 points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.metrics import CALIBRATION_BINS, calibration_bins

Array = NDArray[Any]

# A task may report 131,072 bytes of outputs on Vertex AI; a ROC curve of so many takes 12,000.
POINTS = 200
THRESHOLDS = np.arange(101) / 100


@dataclass(frozen=True)
class Ranking:
    """How many rows of class 1, and of the others, score at least each score, from the top down.

    float64 (m + 1,), one element for each different score, after one of no rows, whose score is
    infinite.
    """

    ones: Array
    zeros: Array
    scores: Array

    def roc(self) -> tuple[Array, Array, Array]:
        """False and true positive rates and their scores, at most 200 points evenly along the
        curve."""
        fpr, tpr = self.zeros / self.zeros[-1], self.ones / self.ones[-1]
        kept = evenly(fpr + tpr)
        return fpr[kept], tpr[kept], self.scores[kept]

    def precision_recall(self) -> tuple[Array, Array]:
        """Recalls and precisions, at most 200 points evenly along the recall."""
        recall = self.ones[1:] / self.ones[-1]
        precision = self.ones[1:] / (self.ones[1:] + self.zeros[1:])
        kept = evenly(recall)
        return recall[kept], precision[kept]

    @property
    def average_precision(self) -> float:
        """The mean of the precision over the rows of class 1, as scikit-learn's."""
        precision = self.ones[1:] / (self.ones[1:] + self.zeros[1:])
        return float((np.diff(self.ones) * precision).sum() / self.ones[-1])


def ranking(ones: Array, scores: Array) -> Ranking | None:
    """The ranking of rows that are of class 1 or not, bool (n,), by their scores (n,).

    None when all rows are of one kind: there is no curve then.
    """
    if ones.all() or not ones.any():
        return None
    order = np.argsort(scores)[::-1]
    ranked = scores[order]
    last = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))
    found = np.cumsum(ones[order])[last]
    start = np.zeros(1)
    return Ranking(
        np.concatenate([start, found]),
        np.concatenate([start, last + 1 - found]),
        np.concatenate([start + np.inf, ranked[last]]),
    )


def evenly(along: Array) -> Array:
    """At most 200 positions, evenly spread along `along`, which never decreases; ends included."""
    if len(along) <= POINTS:
        return np.arange(len(along))
    positions = np.searchsorted(along, np.linspace(along[0], along[-1], POINTS))
    positions[-1] = len(along) - 1
    return np.unique(positions)


@dataclass(frozen=True)
class Thresholds:
    """Of the rows of class 1 and of class 0, how many score above 0.00, 0.01 … 1.00."""

    ones: list[int]
    zeros: list[int]


def thresholds(y: Array, p: Array) -> Thresholds:
    """Counts rows of class y (n,) whose probability p (n,) is above each threshold."""
    # The first threshold that a probability is not above.
    place = np.searchsorted(THRESHOLDS, p.astype(np.float64))

    def above(rows: Array) -> list[int]:
        counts = np.bincount(place[rows], minlength=len(THRESHOLDS) + 1)
        beyond: list[int] = (rows.sum() - np.cumsum(counts))[: len(THRESHOLDS)].tolist()
        return beyond

    return Thresholds(above(y == 1), above(y == 0))


@dataclass(frozen=True)
class Calibration:
    """By bin of confidence that has rows: float64 (bins,) each."""

    confidence: Array
    share: Array
    rows: Array


def calibration(correct: Array, confidence: Array) -> Calibration:
    """Mean confidence, and share of rows that are `correct`, in the bins of
    `metrics.calibration_error`; both as `metrics.confidence_of` gives them."""
    bins = calibration_bins(confidence)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    kept = rows > 0
    n = rows[kept].astype(np.float64)
    return Calibration(
        np.bincount(bins, confidence, CALIBRATION_BINS)[kept] / n,
        np.bincount(bins, correct, CALIBRATION_BINS)[kept] / n,
        n,
    )

"""Which classes are mistaken for which, and the precision and recall of each."""

from dataclasses import dataclass

import numpy as np

from trainer.tasks.metrics import confusion_matrix
from vertex_tabular.run.directory import RunDirectory

MAX_CLASSES = 20


@dataclass(frozen=True)
class Class:
    """One class: its rows, and its precision, recall and F1, NaN where there is none."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Confusion:
    """The most frequent classes, at most 20.

    Attributes:
        classes: in the order of their codes.
        counts: of rows by true class and then by the class they were given.
        shares: the same, of the true class's rows.
        accuracy: the share of all rows that are given their true class.
    """

    classes: list[Class]
    counts: list[list[int]]
    shares: list[list[float]]
    accuracy: float


def confusion_of(run: RunDirectory) -> Confusion:
    """The confusion of a run's rows; of two classes, at threshold 0.5."""
    counts = confusion_matrix(run.y, run.predictions)
    actual, predicted, hits = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / predicted, hits / actual
        f1 = 2 * hits / (predicted + actual)
        shares = np.nan_to_num(counts / actual[:, np.newaxis])
    kept = np.sort(np.argsort(-actual, kind="stable")[:MAX_CLASSES])
    square = np.ix_(kept, kept)
    classes = [
        Class(run.classes[c], int(actual[c]), float(precision[c]), float(recall[c]), float(f1[c]))
        for c in kept
    ]
    return Confusion(
        classes, counts[square].tolist(), shares[square].tolist(), float(hits.sum() / len(run.y))
    )

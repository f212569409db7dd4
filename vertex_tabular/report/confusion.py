"""Which classes are taken for which, and how well each is found."""

from dataclasses import dataclass

import numpy as np

from vertex_tabular.report.run import Run

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
    """The commonest classes, at most 20.

    Attributes:
        classes: in the order of their codes.
        counts: of rows by true class and then by the class they were given.
        shares: the same, of the true class's rows.
        accuracy: the share of all rows whose class is the true one.
    """

    classes: list[Class]
    counts: list[list[int]]
    shares: list[list[float]]
    accuracy: float


def confusion_of(run: Run) -> Confusion:
    """The confusion of a run's rows; of two classes, at threshold 0.5."""
    k = len(run.classes)
    binary = run.task == "binary"
    labels = (run.predictions > 0.5).astype(int) if binary else run.predictions.argmax(axis=1)
    counts = np.bincount(run.y * k + labels, minlength=k * k).reshape(k, k)
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

"""Which classes are mistaken for which, and the precision and recall of each."""

from dataclasses import dataclass

import numpy as np

from trainer.tasks.metrics import confusion_matrix
from vertex_tabular.pages.formatting import distinct
from vertex_tabular.run.directory import RunDirectory

MAX_CLASSES = 30  # of the matrix, which then still fits a wide page and a sheet of paper
MAX_LISTED = 300
ROOMY = 3  # classes whose cells have room for shares too
NAME = 16  # characters
TABLE_ROWS = 15  # of one table of metrics by class: longer lists stand in columns


@dataclass(frozen=True)
class Class:
    """One class: its rows, and its precision, recall and F1, NaN where there is none."""

    name: str
    short: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Confusion:
    """Which classes are given to rows of which.

    Attributes:
        classes: those of the matrix, the most frequent, at most 30, in the order of their codes.
        counts: of rows by true class and then by the class they were given.
        shares: the same, of the true class's rows.
        accuracy: the share of all rows that are given their true class.
        listed: every class, in tables of at most 15; at most 300.
        all_classes: how many classes there are.
    """

    classes: list[Class]
    counts: list[list[int]]
    shares: list[list[float]]
    accuracy: float
    listed: list[list[Class]]
    all_classes: int

    @property
    def is_small(self) -> bool:
        """Whether its cells are small, because there are many."""
        return len(self.classes) > ROOMY


def confusion_of(run: RunDirectory) -> Confusion:
    """The confusion of a run's rows; of two classes, at threshold 0.5."""
    counts = confusion_matrix(run.y, run.predictions)
    actual, predicted, hits = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / predicted, hits / actual
        f1 = 2 * hits / (predicted + actual)
        shares = np.nan_to_num(counts / actual[:, np.newaxis])
    short = distinct(run.classes, NAME)

    def class_of(c: int) -> Class:
        numbers = (float(values[c]) for values in (precision, recall, f1))
        return Class(run.classes[c], short[c], int(actual[c]), *numbers)

    frequent = np.argsort(-actual, kind="stable")
    kept = np.sort(frequent[:MAX_CLASSES])
    square = np.ix_(kept, kept)
    listed = [class_of(c) for c in np.sort(frequent[:MAX_LISTED])]
    return Confusion(
        [class_of(c) for c in kept],
        counts[square].tolist(),
        shares[square].tolist(),
        float(hits.sum() / len(run.y)),
        [listed[i : i + TABLE_ROWS] for i in range(0, len(listed), TABLE_ROWS)],
        len(run.classes),
    )

"""The model's errors by group: for each category of each column that has categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.kinds import TASK_KINDS
from trainer.tasks.metrics import predicted_class
from vertex_tabular.report.bootstrap import wilson
from vertex_tabular.report.columns import Column

Array = NDArray[Any]

MAX_LEVELS = 20


@dataclass(frozen=True)
class Level:
    """The rows of one category: how many, and the error of the model on them.

    `error` is the share of rows that are misclassified, or the mean absolute error in the target's
    units; `low` and `high` are its 95 % interval (Wilson's; of a mean, ±1.96 standard errors).
    """

    name: str
    rows: int
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """One column; `left_out` levels, those of fewest rows, are not among `levels`."""

    column: str
    levels: list[Level]
    left_out: int


def errors_of(task: str, y: Array, predictions: Array) -> Array:
    """Each row's error, float64 (n,): 1 for a misclassified row, or the absolute error."""
    if not TASK_KINDS[task].classifies:
        return np.abs(predictions.astype(np.float64) - y)
    wrong: Array = (predicted_class(predictions) != y).astype(np.float64)
    return wrong


def groups_of(task: str, columns: Sequence[Column], x: Array, errors: Array) -> list[Group]:
    """The groups of validation rows x (n, features), whose errors are (n,)."""
    found = []
    for column in columns:
        if not column.has_levels:
            continue
        codes, names = column.levels(x)
        rows = np.bincount(codes, minlength=len(names)).astype(np.float64)
        total = np.bincount(codes, errors, len(names))
        kept = [code for code in np.argsort(-rows, kind="stable")[:MAX_LEVELS] if rows[code]]
        kept.sort()
        n, sums = rows[kept], total[kept]
        if task == "regression":
            squares = np.bincount(codes, errors**2, len(names))[kept]
            spread = np.sqrt(np.maximum(squares / n - (sums / n) ** 2, 0) / np.maximum(n - 1, 1))
            low, high = np.maximum(sums / n - 1.96 * spread, 0), sums / n + 1.96 * spread
        else:
            low, high = wilson(sums, n)
        levels = [
            Level(names[code], int(n[i]), float(sums[i] / n[i]), float(low[i]), float(high[i]))
            for i, code in enumerate(kept)
        ]
        found.append(Group(column.name, levels, int(np.count_nonzero(rows)) - len(kept)))
    return found

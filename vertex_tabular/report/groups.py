"""The model's errors by group: where it errs most, and each category of each column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.kinds import TASK_KINDS
from trainer.tasks.metrics import predicted_class
from vertex_tabular.report.bootstrap import wilson
from vertex_tabular.report.columns import Column
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

MAX_LEVELS = 20  # of one column
MAX_GROUPS = 100  # columns that are listed, those with the worst level first
WORST = 10
MIN_ROWS = 10  # of a group that is ranked: the error of fewer says little
ODD = 2.0  # times what most groups reach: the scale ends there, however far one goes


@dataclass(frozen=True)
class Level:
    """The rows of one category: how many, and the error of the model on them.

    `error` is the share of rows that are misclassified, or the mean absolute error in the target's
    units; `low` and `high` are its 95 % interval (Wilson's; of a mean, ±1.96 standard errors).
    """

    column: str
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


@dataclass(frozen=True)
class Shown:
    """Errors by group as a page shows them.

    Attributes:
        worst: the levels of at least `min_rows` rows whose errors are above the overall one, those
            beyond doubt first: by the lower ends of their intervals. There may be none.
        groups: every column, the one with the worst level first; at most 100.
        left_out: how many further columns there are.
        overall: the error of all rows.
        top: the end of the scale.
        min_rows: how many rows a level must have to be ranked.
    """

    worst: list[Level]
    groups: list[Group]
    left_out: int
    overall: float
    top: float
    min_rows: int

    def at(self, error: float) -> float:
        """The place of an error on the scale, from 0 to 1; 1 too for what is beyond it."""
        return min(error / self.top, 1.0)


def shown(run: RunDirectory, columns: Sequence[Column], x: Array | None) -> Shown | None:
    """Errors by group of the rows x (n, features); None where no column has levels."""
    if x is None:
        return None
    errors = errors_of(run.task, run.y, run.predictions)
    found = groups_of(run.task, columns, x, errors)
    return rank(found, errors) if found else None


def rank(found: list[Group], errors: Array) -> Shown:
    """The groups of rows with these errors (n,), the worst first."""
    overall = float(errors.mean())
    levels = [
        level
        for group in found
        for level in group.levels
        if MIN_ROWS <= level.rows < len(errors) and level.error > overall
    ]
    worst = sorted(levels, key=lambda level: (-level.low, -level.error))[:WORST]
    place = {(level.column, level.name): number for number, level in enumerate(worst)}
    found = sorted(
        found, key=lambda g: min(place.get((g.column, one.name), WORST) for one in g.levels)
    )
    listed = found[:MAX_GROUPS]
    top = scale_end([level.high for level in worst], overall)
    return Shown(worst, listed, len(found) - len(listed), overall, top, MIN_ROWS)


def scale_end(highs: Sequence[float], overall: float) -> float:
    """Where a scale ends: at the largest of the ends of intervals, unless a few of them are far
    beyond the rest; those are cut."""
    largest = max([overall, *highs])
    usual = float(np.median([*highs, overall]))
    return min(largest, ODD * max(usual, overall)) or 1.0


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
            low, high = (np.where(n > 1, end, np.nan) for end in (low, high))
        else:
            low, high = wilson(sums, n)
        ends = zip(kept, n, sums / n, low, high, strict=True)
        levels = [
            Level(column.name, names[code], int(count), float(error), float(a), float(b))
            for code, count, error, a, b in ends
        ]
        found.append(Group(column.name, levels, int(np.count_nonzero(rows)) - len(kept)))
    return found

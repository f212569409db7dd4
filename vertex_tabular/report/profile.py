"""What each column holds: of the table, or of the training rows as the model saw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.report.columns import Column

Array = NDArray[Any]

BINS = 20
MAX_COLUMNS = 100
MAX_LEVELS = 5


@dataclass(frozen=True)
class Profile:
    """One column, or one part of a date.

    Attributes:
        name: of the column.
        kind: numeric, categorical, boolean or datetime.
        missing: how many rows have no value; None when that is not known.
        fill: what stands in for a missing value; empty when that is not known.
        quantiles: minimum, quartile, median, quartile, maximum; none for levels.
        levels: the most frequent levels with the share of rows each has; none for numbers.
        more: how many further levels there are.
        shares: share of rows in each of equally wide bins, or of each level, for a small picture.
    """

    name: str
    kind: str
    missing: int | None
    fill: str
    quantiles: list[float]
    levels: list[tuple[str, float]]
    more: int
    shares: list[float]


def of_table(table: Mapping[str, Any]) -> list[Profile]:
    """The profiles that `features.profile` made of the whole table; of the first 100 columns."""
    found = []
    for name, column in list(table["columns"].items())[:MAX_COLUMNS]:
        present = table["rows"] - column["missing"]
        if column["type"] == "number" and "quantiles" in column:
            middle = [column["quantiles"][share] for share in ("25%", "50%", "75%")]
            quantiles = [column["min"], *middle, column["max"]]
            levels, more, counts = [], 0, column["histogram"]
        else:
            quantiles = []
            levels = [(str(level), count / present) for level, count in column.get("top", ())]
            more = column.get("unique", 0) - len(levels)
            counts = [count for _, count in column.get("top", ())]
        total = max(sum(counts), 1)
        shares = [count / total for count in counts]
        kind = column["type"]
        found.append(Profile(name, kind, column["missing"], "", quantiles, levels, more, shares))
    return found


def of_rows(columns: Sequence[Column], x: Array) -> list[Profile]:
    """The profiles of rows x (n, features); of the first 100 columns."""
    found: list[Profile] = []
    for column in columns[:MAX_COLUMNS]:
        kind = column.spec.kind if column.spec else "numeric"
        fill = f"{column.spec.fill:g}" if column.spec and kind == "numeric" else ""
        fill = str(column.spec.fill) if column.spec and kind != "numeric" else fill
        if column.has_levels:
            found.append(_of_levels(column, kind, fill, x))
            continue
        names = column.spec.outputs if column.spec else [column.name]
        for name, numbers in zip(names, column.rounded(x).T, strict=True):
            finite = numbers[np.isfinite(numbers)]
            quantiles = np.quantile(finite, (0, 0.25, 0.5, 0.75, 1)).tolist()
            counts = np.histogram(finite, BINS)[0]
            shares = (counts / len(finite)).tolist()
            found.append(Profile(name, kind, None, fill, quantiles, [], 0, shares))
    return found


def _of_levels(column: Column, kind: str, fill: str, x: Array) -> Profile:
    codes, names = column.levels(x)
    shares = np.bincount(codes, minlength=len(names)) / len(codes)
    order = [int(code) for code in np.argsort(-shares, kind="stable") if shares[code]]
    levels = [(names[code], float(shares[code])) for code in order[:MAX_LEVELS]]
    bars = [float(shares[code]) for code in order[:BINS]]
    return Profile(column.name, kind, None, fill, [], levels, len(order) - len(levels), bars)

"""What each column holds: of the table, or of the training rows as the model saw them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.pages.columns import ColumnSummary, columns_table
from vertex_tabular.pages.formatting import plain, whole
from vertex_tabular.pages.profile import alerts_list, columns_section
from vertex_tabular.report.columns import Column

if TYPE_CHECKING:
    from markupsafe import Markup

Array = NDArray[Any]

BINS = 20
FIRST = 20  # columns that are not folded: they have a page of their own
MAX_LEVELS = 5


def of_table(table: Mapping[str, Any]) -> "Markup":
    """The alerts and columns of a table's profile, as its own page shows them."""
    return _markup(f"{alerts_list(table.get('alerts', []))}\n{columns_section(table, FIRST)}")


def of_rows(columns: Sequence[Column], x: Array, rows: int) -> "Markup":
    """The columns of training rows x (n, features), which are some of so many."""
    some = "A random" if len(x) < rows else "The"
    about = f"{some} {whole(len(x))} training rows as the model saw them, missing values filled."
    table = columns_table(summaries_of_rows(columns, x), "about-columns", FIRST)
    return _markup(f'<p class="about" id="about-columns">{about}</p>\n{table}')


def summaries_of_rows(columns: Sequence[Column], x: Array) -> list[ColumnSummary]:
    """What each column holds in rows x (n, features)."""
    found: list[ColumnSummary] = []
    for column in columns:
        kind = column.spec.kind if column.spec else "numeric"
        fill = _fill(column)
        if column.has_levels:
            found.append(_of_levels(column, kind, fill, x))
            continue
        names = column.spec.outputs if column.spec else [column.name]
        for name, numbers in zip(names, column.rounded(x).T, strict=True):
            finite = numbers[np.isfinite(numbers)]
            quantiles = np.quantile(finite, (0, 0.25, 0.5, 0.75, 1)).tolist()
            counts = np.histogram(finite, BINS)[0]
            shares = (counts / len(finite)).tolist()
            found.append(ColumnSummary(name, kind, None, None, fill, quantiles, [], 0, shares))
    return found


def _fill(column: Column) -> str:
    """What stands in for a missing value; of a boolean, by the name that its level has here."""
    if column.spec is None:
        return ""
    fill = column.spec.fill
    if column.spec.kind == "boolean":
        return {"true": "yes", "false": "no"}.get(str(fill).lower(), str(fill))
    return plain(fill) if isinstance(fill, (int, float)) else str(fill)


def _of_levels(column: Column, kind: str, fill: str, x: Array) -> ColumnSummary:
    codes, names = column.levels(x)
    shares = np.bincount(codes, minlength=len(names)) / len(codes)
    order = [int(code) for code in np.argsort(-shares, kind="stable") if shares[code]]
    levels = [(names[code], float(shares[code])) for code in order[:MAX_LEVELS]]
    bars = [float(shares[code]) for code in order[:BINS]]
    more = len(order) - len(levels)
    return ColumnSummary(column.name, kind, None, len(order), fill, [], levels, more, bars)


def _markup(html: str) -> "Markup":
    """HTML that a template takes as it is."""
    from markupsafe import Markup

    return Markup(html)

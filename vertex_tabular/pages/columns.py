"""The table of a table's columns: what each holds, as a picture, as numbers or as levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from vertex_tabular.pages.formatting import percent, shortened, together, whole

MAX_COLUMNS = 500  # of a page, which would be too large
NAME, LEVEL = 40, 24  # characters
LABEL = 'aria-label="More columns"'
QUANTILES = ("Min", "25 %", "Median", "75 %", "Max")


@dataclass(frozen=True)
class ColumnSummary:
    """One column, or one part of a date.

    Attributes:
        name: of the column.
        kind: number or text of a table; numeric, categorical, boolean or datetime of features.
        missing: the share of rows that have no value; None when that is not known.
        distinct: how many different values there are; None when that is not known.
        fill: what stands in for a missing value; empty when that is not known.
        quantiles: minimum, quartile, median, quartile, maximum; none for levels.
        levels: the most frequent levels with the share of rows each has; none for numbers.
        more: how many further levels there are.
        span: the first and the last text in sorted order, where no text occurs twice.
        shares: share of rows in each of equally wide bins, or of each level, for a small picture.
    """

    name: str
    kind: str
    missing: float | None
    distinct: int | None
    fill: str
    quantiles: list[float]
    levels: list[tuple[str, float]]
    more: int
    shares: list[float]
    span: tuple[str, str] | None = None


def summaries_of(table: Mapping[str, Any]) -> list[ColumnSummary]:
    """The columns of a table's profile, as `features.profile` makes it."""
    found = []
    for name, column in table["columns"].items():
        present, top = table["rows"] - column["missing"], column.get("top", [])
        distinct = column.get("unique", 0)
        if column["type"] == "number" and "quantiles" in column:
            middle = [column["quantiles"][share] for share in ("25%", "50%", "75%")]
            quantiles = [column["min"], *middle, column["max"]]
            levels, more, counts = [], 0, column["histogram"]
        else:
            quantiles = []
            levels = [(str(level), count / present) for level, count in top]
            more, counts = distinct - len(levels), [count for _, count in top]
        span = None
        if column["type"] == "text" and distinct == present > len(top):
            span = (str(column["min"]), str(column["max"]))
        total = max(sum(counts), 1)
        missing = column["missing"] / max(table["rows"], 1)
        shares = [count / total for count in counts]
        summary = (missing, distinct, "", quantiles, levels, more, shares, span)
        found.append(ColumnSummary(name, column["type"], *summary))
    return found


def named(name: str, limit: int = NAME) -> str:
    """A name as HTML, short enough for a table; the whole of it shows under the pointer."""
    short = shortened(name, limit)
    title = f' title="{escape(name)}"' if short != name else ""
    return f"<span{title}>{escape(short)}</span>"


def columns_table(columns: Sequence[ColumnSummary], described_by: str, first: int) -> str:
    """The table, as HTML, all but so many columns folded; on a phone each row becomes a block,
    which would cost it its meaning: hence the roles."""
    filled = any(column.fill for column in columns)
    last = "Filled with" if filled else "Missing"
    heads = ["Column", "Kind", "Distribution", *QUANTILES, last]
    if not filled:
        heads.insert(2, "Distinct")
    head = "".join(
        f'<th role="columnheader" scope="col"'
        f"{_class('text' if name in ('Kind', 'Distribution') else '')}>{name}</th>"
        for name in heads
    )

    def table(some: Sequence[ColumnSummary], described: str) -> str:
        rows = "\n".join(_row(column, filled) for column in some)
        return (
            f'<table class="cards columns" role="table" {described}>\n'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
            f'<tbody role="rowgroup">\n{rows}\n</tbody>\n</table>\n'
        )

    shown = table(columns[:first], f'aria-describedby="{described_by}"')
    more = columns[first:MAX_COLUMNS]
    if more:
        summary = f"<summary>{whole(len(more))} more columns</summary>"
        shown += f"<details>{summary}\n{table(more, LABEL)}</details>\n"
    rest = len(columns) - MAX_COLUMNS
    return shown + (f'<p class="remark">And {whole(rest)} further.</p>' if rest > 0 else "")


def _row(column: ColumnSummary, filled: bool) -> str:
    cells = [_cell("Kind", column.kind, "text")]
    if not filled:
        cells.append(_cell("Distinct", "" if column.distinct is None else whole(column.distinct)))
    cells.append(_cell("", _picture(column.shares), "picture"))
    if column.quantiles:
        values = together(column.quantiles)
        cells += [_cell(name, value) for name, value in zip(QUANTILES, values, strict=True)]
    else:
        cells.append(_levels(column))
    if filled:
        cells.append(_cell("Filled with", escape(shortened(column.fill, LEVEL)) or "–"))
    else:
        missing = "–" if column.missing is None else share_missing(column.missing)
        cells.append(_cell("Missing", missing, "much" if (column.missing or 0) >= 0.5 else ""))
    name = f'<th role="rowheader" scope="row">{named(column.name)}</th>'
    return f'<tr role="row">{name}{"".join(cells)}</tr>'


def share_missing(share: float) -> str:
    """A share as HTML, of which 0 and nearly 0 differ: that no value is missing is news."""
    if share == 0:
        return "0"
    return percent(share) if share >= 5e-4 else "&lt;\u00a00.1\u00a0%"


def _levels(column: ColumnSummary) -> str:
    if column.span:
        first, last = (named(text, LEVEL) for text in column.span)
        return _wide(f"each once, from {first} to {last}")
    parts = [
        f'{named(level, LEVEL)} <span class="number">{percent(share)}</span>'
        for level, share in column.levels
    ]
    if column.more > 0:
        parts.append(f"{whole(column.more)} more")
    return _wide(", ".join(parts) or "no value at all")


def _wide(html: str) -> str:
    return (
        f'<td role="cell" class="text levels" colspan="{len(QUANTILES)}" data-name="Most frequent">'
        f"{html}</td>"
    )


def _cell(name: str, html: str, kind: str = "") -> str:
    label = f' data-name="{name}"' if name else ""
    return f'<td role="cell"{_class(kind)}{label}>{html}</td>'


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _picture(shares: Sequence[float]) -> str:
    return (
        '<svg viewBox="0 0 60 16" aria-hidden="true">'
        f'<path class="spark" d="{sparkline(shares)}"/></svg>'
    )


def sparkline(shares: Sequence[float]) -> str:
    """Small bars in a view box of 60 × 16, one path; the largest share is as high as the box."""
    top = max(shares, default=0) or 1.0
    width = 60 / max(len(shares), 1)
    return "".join(
        f"M{number * width:.1f} 16v{-16 * share / top:.1f}h{max(width - 0.6, 0.6):.1f}V16z"
        for number, share in enumerate(shares)
        if share
    )

"""How commands print: JSON in one form, tables that fit the terminal, numbers."""

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from trainer.terminal import echo
from vertex_tabular.pages.formatting import shortened

GAP = "  "
MIN_WIDTH = 6  # of a column that is shortened


def print_json(value: Any) -> None:
    """Prints `value` as one line of JSON; what JSON has no form for, such as a time, as text."""
    echo(json.dumps(value, default=str, ensure_ascii=False))


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none, and nothing need fit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    shortable: Sequence[int] = (),
) -> list[str]:
    """Lines of aligned columns, of at most `width` characters where that can be had.

    Args:
        header: the name of each column.
        rows: a text for each column.
        width: of the terminal; None for no limit.
        shortable: columns whose texts may be shortened in the middle, the first to be so first.
    """
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    gap = GAP
    if width is not None and sum(widths) + len(gap) * (len(widths) - 1) > width:
        gap = GAP[1:]
        for column in shortable:
            over = sum(widths) + len(gap) * (len(widths) - 1) - width
            if over > 0:
                least = max(len(header[column]), MIN_WIDTH)
                widths[column] = min(widths[column], max(widths[column] - over, least))
    return [
        gap.join(
            shortened(cell, limit).ljust(limit) for cell, limit in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def duration(seconds: float) -> str:
    """A duration in at most six characters: 3.0s, 5m12s, 1h07m, 30h."""
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m" if minutes < 6000 else f"{minutes // 60}h"


def plain(value: Any) -> str:
    """A value in a table: numbers of six digits, what is nested as JSON, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

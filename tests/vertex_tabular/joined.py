"""Blocks of a table as one table."""

from collections.abc import Iterable

from vertex_tabular.tables.builder import TableBuilder
from vertex_tabular.tables.table import Table


def concatenate(blocks: Iterable[Table]) -> Table:
    """One table of all the rows, in order; raises TableReadError when there are none."""
    builder = TableBuilder()
    for block in blocks:
        builder.append(block)
    return builder.table()

"""Blocks of a table as one table."""

from collections.abc import Iterable

from trainer.growing import Growing
from trainer.tables import Table


def concatenate(blocks: Iterable[Table]) -> Table:
    """One table of all the rows, in order; raises Refused when there are none."""
    growing = Growing()
    for block in blocks:
        growing.append(block)
    return growing.table()

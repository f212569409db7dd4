"""Reads the table that is to be prepared: into memory, or onto disk if it is long."""

import logging
from collections.abc import Iterable, Iterator

import numpy as np

from trainer.errors import InputError
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables import diagnosis, sources
from vertex_tabular.tables.builder import TableBuilder
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.reader import read_parts
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.table import Table

log = logging.getLogger(__name__)


def read_checked(uri: str, schema: Schema) -> Table:
    """Reads the columns of the schema into memory.

    Args:
        uri: as `vertex_tabular.tables.sources` describes it.

    Raises:
        InputError: with everything that is wrong with the table.
    """
    table = read_table(uri, schema, limit=0)
    assert isinstance(table, Table)
    return table


def read_table(uri: str, schema: Schema, limit: int) -> Table | DiskTable:
    """As `read_checked`, but a table of more than `limit` rows stays on disk; 0 is no limit."""
    parts = sources.parts_of(uri)
    builder: TableBuilder | DiskTable = TableBuilder()
    try:
        blocks = read_parts(parts, schema)
        if schema.drops:
            blocks = _with_target(blocks, schema.target)
        for block in blocks:
            builder.append(block)
            if isinstance(builder, TableBuilder) and 0 < limit < builder.rows:
                builder = DiskTable.of(builder)
        table = builder if isinstance(builder, DiskTable) else builder.table()
    except TableReadError as error:
        diagnosis.explain(parts, schema)
        raise InputError(f"{uri} must be readable as a table, got an error: {error}") from None
    if diagnosis.is_doubtful(table.outline(), schema):
        diagnosis.explain(parts, schema)
    return table


def _with_target(blocks: Iterable[Table], target: str) -> Iterator[Table]:
    """Small tables without the rows that have no target; how many those are is logged."""
    left_out = 0
    for block in blocks:
        kept = np.flatnonzero(~block.missing(target)) if block.rows else np.arange(0)
        left_out += block.rows - len(kept)
        yield block if len(kept) == block.rows else block.take(kept)
    if left_out:
        log.warning("%s is missing in %d rows, which are left out", target, left_out)

"""Reads a table's columns into compact numpy arrays; refuses whatever is not plainly right.

What is refused here is explained by `tables.diagnosis`, which reads the file again, slowly.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.formats import format_of
from vertex_tabular.tables.formats.format import reading_errors
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.table import Table


def read_parts(parts: Iterable[Path], schema: Schema) -> Iterator[Table]:
    """The rows of all files as consecutive small tables.

    Raises:
        TableReadError: something is wrong with a part, or may be.
    """
    return (block for part in parts for block in read_part(part, schema))


def read_part(part: Path, schema: Schema) -> Iterator[Table]:
    """The rows of one file as consecutive small tables.

    Raises:
        TableReadError: something is wrong with it, or may be.
    """
    try:
        yield from format_of(part).blocks(part, schema)
    except reading_errors() as error:
        raise TableReadError(str(error)) from error

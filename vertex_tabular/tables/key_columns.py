"""Columns of a table that are carried over as they are, beside those that a model reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vertex_tabular.tables.formats import format_of
from vertex_tabular.tables.formats.format import reading_errors
from vertex_tabular.tables.records import TableReadError


class KeyColumns:
    """The key columns of one file, so many rows at a time, exactly as they are in it.

    They are read apart from the rest, which takes texts such as NA for missing.
    """

    def __init__(self, part: Path, keys: Sequence[str]) -> None:
        self._batches = format_of(part).key_batches(part, keys)
        self._waiting: Any = None

    def take(self, rows: int) -> Any:
        """The next rows, an Arrow table.

        Raises:
            TableReadError: there are not so many, or they cannot be read.
        """
        import pyarrow as pa

        try:
            while self._waiting is None or self._waiting.num_rows < rows:
                more = pa.Table.from_batches([next(self._batches)])
                tables = [more] if self._waiting is None else [self._waiting, more]
                self._waiting = pa.concat_tables(tables)
        except StopIteration:
            raise TableReadError("the keys have fewer rows than the table") from None
        except reading_errors() as error:
            raise TableReadError(str(error)) from error
        taken, self._waiting = self._waiting.slice(0, rows), self._waiting.slice(rows)
        return taken

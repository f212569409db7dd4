"""Feather, Arrow's own file format, as the tests add it to a copy of the registry of formats."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vertex_tabular.tables.formats.arrow import ArrowFormat


class _File:
    def __init__(self, reader: Any) -> None:
        self._reader, self.schema_arrow = reader, reader.schema

    def iter_batches(self, *, columns: list[str]) -> Iterator[Any]:
        for number in range(self._reader.num_record_batches):
            yield self._reader.get_batch(number).select(columns)


class Feather(ArrowFormat):
    name, suffixes, magic = "Feather", (".feather",), b"ARROW1"

    @contextmanager
    def open(self, part: Path) -> Iterator[_File]:
        import pyarrow as pa

        with pa.memory_map(str(part)) as source:
            yield _File(pa.ipc.open_file(source))


FEATHER = Feather()

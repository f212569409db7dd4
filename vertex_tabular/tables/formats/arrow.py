"""Formats that Arrow reads as record batches: all that they share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.arrow import table_of_batch, texts_of
from vertex_tabular.tables.formats.format import check_keys, read_head
from vertex_tabular.tables.problems import Problems, called, check_header
from vertex_tabular.tables.table import Table


class ArrowFile(Protocol):
    """An open file, as `pyarrow.parquet.ParquetFile` is one."""

    @property
    def schema_arrow(self) -> Any: ...

    def iter_batches(self, *, columns: list[str]) -> Iterator[Any]: ...


class ArrowFormat(ABC):
    """A format whose files begin with `magic`; see `Format`."""

    name: str
    suffixes: tuple[str, ...]
    magic: bytes

    @abstractmethod
    def open(self, part: Path) -> AbstractContextManager[ArrowFile]:
        """The file, open for reading."""

    def recognises(self, head: bytes) -> bool:
        return head.startswith(self.magic)

    def misnamed(self, part: Path) -> str | None:
        head = read_head(part)
        if not head or head.startswith(self.magic):
            return None
        return f"{part} is named {self.suffixes[0]} but is not {self.name}; rename it"

    def blocks(self, part: Path, schema: Schema) -> Iterator[Table]:
        with self.open(part) as file:
            check_keys(schema.names, file.schema_arrow.names)
            for batch in file.iter_batches(columns=list(schema.names)):
                yield table_of_batch(batch, schema)

    def rows(
        self, part: Path, names: Sequence[str] | None, problems: Problems, of_part: str
    ) -> Iterator[tuple[str, dict[str, str]]]:
        import pyarrow as pa

        with self.open(part) as file:
            before = problems.count
            header = file.schema_arrow.names
            wanted = header if names is None else names
            check_header(header, wanted, problems, of_part)
            for field in file.schema_arrow:
                if field.name in wanted and pa.types.is_nested(field.type):
                    problems.add(
                        f"{called(field.name)} must have one value a row, got "
                        f"{field.type}{of_part}; drop it, or make columns of it"
                    )
            if problems.count > before:
                return
            row = 0
            for batch in file.iter_batches(columns=list(wanted)):
                for values in zip(*(texts_of(batch[name]) for name in wanted), strict=True):
                    row += 1
                    yield f"row {row}{of_part}", dict(zip(wanted, values, strict=True))

    def key_batches(self, part: Path, keys: Sequence[str]) -> Iterator[Any]:
        with self.open(part) as file:
            check_keys(keys, file.schema_arrow.names)
            for batch in file.iter_batches(columns=list(keys)):
                kept = batch.select(list(keys))
                kept.validate(full=True)  # text that is not UTF-8 cannot be written again
                yield kept

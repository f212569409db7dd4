"""What a format of tables has to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.problems import Problems
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.table import Table

HEAD_BYTES = 1024


class Format(Protocol):
    """One format; all methods but `recognises` raise one of `reading_errors` if a file is damaged.

    Attributes:
        name: in words.
        suffixes: with which a file's name ends, in small letters; the first is the usual one.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format for certain."""

    def misnamed(self, part: Path) -> str | None:
        """What is wrong with a file that is not of this format, and the cure; None if it is, or if
        it is empty."""

    def blocks(self, part: Path, schema: Schema) -> Iterator[Table]:
        """The rows as consecutive small tables, each with its own categories.

        Raises:
            TableReadError: something is wrong with the file, or may be.
        """

    def rows(
        self, part: Path, names: Sequence[str] | None, problems: Problems, of_part: str
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Each row that has its fields, as text by column, with its place ("line 7"): slowly.

        Args:
            names: the columns; None means all of them.
            problems: gets what cannot be read.
            of_part: stands after each place.
        """

    def key_batches(self, part: Path, keys: Sequence[str]) -> Iterator[Any]:
        """Arrow record batches of the columns `keys`, exactly as they are in the file.

        Raises:
            TableReadError: a column is not there once.
        """


def read_head(part: Path) -> bytes:
    """The first `HEAD_BYTES` of a file."""
    with open(part, "rb") as file:
        return file.read(HEAD_BYTES)


def check_keys(keys: Sequence[str], names: Sequence[str]) -> None:
    """Raises TableReadError if one of `keys` is not there exactly once among `names`."""
    times = Counter(names)
    if wrong := [key for key in keys if times[key] != 1]:
        raise TableReadError(f"there is no, or more than one, {', '.join(wrong)}")


def reading_errors() -> tuple[type[Exception], ...]:
    """What reading raises if a file is damaged or cut short; UnicodeDecodeError is pyarrow's, of
    Parquet."""
    import pyarrow as pa
    from isal import isal_zlib

    damaged = cast(type[Exception], isal_zlib.error)
    return (OSError, EOFError, damaged, pa.ArrowException, UnicodeDecodeError)

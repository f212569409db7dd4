"""Reads a table's columns into compact numpy arrays; refuses whatever is not plainly right.

What is refused here is explained by `trainer.diagnosis`, which reads the file again, slowly.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from trainer import sources
from trainer.parallel import in_order
from trainer.schema import Schema
from trainer.values import MISSING

CHUNK_BYTES = 1 << 21
LINE_BYTES = 1 << 16
MOST_BYTES = 1 << 24  # of a record
NEWLINE, QUOTE = b'\n"'

Numbers = npt.NDArray[Any]
Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Texts:
    """A column of text: for each row the number of its level in `levels`, or -1 when missing."""

    codes: npt.NDArray[Any]
    levels: list[str]


@dataclass(frozen=True)
class Table:
    """The columns of one table, by name.

    Numbers are in the smallest of int8, float32 and float64 that holds each of them exactly;
    a missing one is NaN.
    """

    rows: int
    numbers: dict[str, Numbers]
    texts: dict[str, Texts]

    def take(self, rows: Indices | None, names: Collection[str] | None = None) -> "Table":
        """The table of only these rows and columns; None means all of them."""
        numbers = {k: v for k, v in self.numbers.items() if names is None or k in names}
        texts = {k: v for k, v in self.texts.items() if names is None or k in names}
        if rows is None:
            return Table(self.rows, numbers, texts)
        return Table(
            len(rows),
            {name: column.take(rows) for name, column in numbers.items()},
            {name: Texts(column.codes.take(rows), column.levels) for name, column in texts.items()},
        )


class Refused(Exception):
    """The table could not be read; the message is the reader's own."""


def read_parts(parts: Iterable[Path], schema: Schema) -> Iterator[Table]:
    """The rows of all files as consecutive small tables.

    Raises:
        Refused: something is wrong with a part, or may be.
    """
    return (block for part in parts for block in read_part(part, schema))


def read_part(part: Path, schema: Schema) -> Iterator[Table]:
    """The rows of one file as consecutive small tables.

    Raises:
        Refused: something is wrong with it, or may be.
    """
    if sources.is_parquet(part):
        yield from read_parquet(part, schema)
        return
    try:
        with sources.open_text(part) as file:
            yield from read_blocks(file, schema, sources.delimiter_of(part))
    except sources.reading_errors() as error:
        raise Refused(str(error)) from error


def read_parquet(part: Path, schema: Schema) -> Iterator[Table]:
    """The same of a Parquet file.

    Raises:
        Refused: something is wrong with it, or may be.
    """
    import pyarrow as pa
    from pyarrow import parquet

    types = _types(schema)
    try:
        with parquet.ParquetFile(part) as file:
            if missing := set(types).difference(file.schema_arrow.names):
                raise Refused(f"there is no {', '.join(missing)}")
            for batch in file.iter_batches(columns=list(types)):
                # By way of plain text, because few types can be cast to a dictionary.
                plain = {
                    name: pa.float64() if name in schema.numeric else pa.string() for name in types
                }
                table = pa.Table.from_batches([batch]).select(list(types))
                table = table.cast(pa.schema(plain.items())).cast(pa.schema(types.items()))
                yield _from_arrow(table.combine_chunks().unify_dictionaries(), schema)
    except (pa.ArrowException, OSError) as error:
        raise Refused(str(error)) from error


def _types(schema: Schema) -> dict[str, Any]:
    """The Arrow type of each column that is read."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return {name: pa.float64() if name in schema.numeric else text for name in schema.names}


def read_blocks(file: BinaryIO, schema: Schema, delimiter: str = ",") -> Iterator[Table]:
    """The rows of a CSV as consecutive small tables, each with its own levels.

    Raises:
        Refused: something in the file is wrong, or may be.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    convert = arrow.ConvertOptions(
        include_columns=schema.names,
        column_types=_types(schema),
        null_values=sorted(MISSING),
        strings_can_be_null=True,
    )
    options = arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True)

    def parse(chunk: tuple[bytearray, list[str] | None]) -> Table:
        data, names = chunk
        if names and data.isspace() and not data.strip(b"\r\n"):
            return Table(0, {}, {})  # of empty lines alone, Arrow makes an error
        read = arrow.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names)
        buffer = pa.BufferReader(pa.py_buffer(data))
        return _from_arrow(arrow.read_csv(buffer, read, options, convert), schema)

    def chunks() -> Iterator[tuple[bytearray, list[str] | None]]:
        names = None
        for data in whole_records(file):
            yield data, names
            if names is None:
                names = _header(data, delimiter)
                if twice := [name for name in schema.names if names.count(name) > 1]:
                    raise Refused(f"there are several columns {', '.join(twice)}")

    try:
        yield from in_order(parse, chunks())
    except (pa.ArrowException, csv.Error) as error:
        raise Refused(str(error)) from error


def _header(data: bytearray, delimiter: str) -> list[str]:
    first = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "replace", newline="")
    return next(csv.reader(first, delimiter=delimiter), [])


def whole_records(file: BinaryIO) -> Iterator[bytearray]:
    """The bytes of a CSV in chunks that end where a record ends.

    That is at a line break that an even number of quotes stands before: Arrow parses the chunks
    side by side, and takes an open quote at the end of what it gets for a value.

    Raises:
        Refused: the number of quotes is odd, or a record is very long.
    """
    is_quote = np.empty(CHUNK_BYTES, np.bool_)
    while True:
        chunk = bytearray(CHUNK_BYTES + LINE_BYTES)  # room for the rest of a line, without a copy
        with memoryview(chunk) as whole, whole[:CHUNK_BYTES] as start:
            size = file.readinto(start)  # type: ignore[attr-defined]
            quotes = np.count_nonzero(np.equal(start[:size], QUOTE, out=is_quote[:size]))
        del chunk[size:]
        if not chunk:
            return
        while quotes % 2 or chunk[-1] != NEWLINE:
            line = file.readline(MOST_BYTES)
            if not line and not quotes % 2:
                break  # the last line has no line break
            if not line or len(chunk) > MOST_BYTES:
                raise Refused("a quote is not closed, or a row is longer than 16 MiB")
            quotes += line.count(QUOTE)
            chunk += line
        yield chunk


def recoded(texts: Texts, known: dict[str, int]) -> npt.NDArray[Any]:
    """The codes of a block in the numbering of `known`, which gets the levels that it lacks."""
    lookup = [known.setdefault(level, len(known)) for level in texts.levels]
    narrow = np.array([*lookup, -1], np.min_scalar_type(-len(known) - 1))
    codes: npt.NDArray[Any] = narrow[texts.codes]
    return codes


def _from_arrow(table: Any, schema: Schema) -> Table:
    columns = {k: table[k].chunk(0) for k in schema.names} if table.num_rows else {}
    return Table(
        table.num_rows,
        {name: _numbers(column) for name, column in columns.items() if name in schema.numeric},
        {name: _texts(column) for name, column in columns.items() if name not in schema.numeric},
    )


def _numbers(values: Any) -> Numbers:
    """An Arrow array of doubles as numpy's, in as few bytes as hold it; NaN where it is null.

    Its buffers are read as Arrow's columnar format lays them out, because pyarrow's own
    conversions import pandas where it is installed, which takes longer than a small file.
    """
    numbers = np.frombuffer(values.buffers()[1], np.float64)
    numbers = numbers[values.offset : values.offset + len(values)]
    missing = _missing(values)
    for dtype in (np.int8, np.float32) if missing is None else (np.float32,):
        with np.errstate(invalid="ignore", over="ignore"):
            narrow: Numbers = numbers.astype(dtype)
        if (narrow == numbers).all():
            break
    else:
        narrow = numbers.copy()
    if missing is not None:
        narrow[missing] = np.nan
    return narrow


def _missing(values: Any) -> npt.NDArray[np.bool_] | None:
    validity = values.buffers()[0]
    if not values.null_count:
        return None
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    missing: npt.NDArray[np.bool_] = bits[values.offset : values.offset + len(values)] == 0
    return missing


def _texts(values: Any) -> Texts:
    codes = np.frombuffer(values.indices.buffers()[1], np.int32)
    codes = codes[values.offset : values.offset + len(values)]
    levels = values.dictionary.to_pylist()
    narrow: npt.NDArray[Any] = codes.astype(np.min_scalar_type(-len(levels) - 1))
    missing = _missing(values.indices)
    if missing is not None:
        narrow[missing] = -1
    return Texts(narrow, levels)

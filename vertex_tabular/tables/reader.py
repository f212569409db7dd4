"""Reads a table's columns into compact numpy arrays; refuses whatever is not plainly right.

What is refused here is explained by `tables.diagnosis`, which reads the file again, slowly.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from vertex_tabular.schema.schema import Schema
from vertex_tabular.schema.values import BLANKS, MISSING
from vertex_tabular.tables import sources
from vertex_tabular.tables.parallel import in_order
from vertex_tabular.tables.records import TableReadError, header_of, whole_records

BLOCK_ROWS = 1 << 16  # whose numbers stay in the cache
FEW = 10  # levels

Numbers = npt.NDArray[Any]
Indices = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]  # for each row, whether it is one of them
Rows = Indices | Mask


@dataclass(frozen=True)
class Categorical:
    """A column of text: for each row the number of its level in `levels`, or -1 when missing."""

    codes: npt.NDArray[Any]
    levels: list[str]

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """In how many rows each level is; the last number is of those in which it is missing."""
        counts = np.zeros(len(self.levels) + 1, np.int64)
        step = max(BLOCK_ROWS, len(counts))
        for i in range(0, len(self.codes), step):
            codes = self.codes[i : i + step]
            if len(counts) <= FEW:  # a comparison takes a tenth of a nanosecond
                counts += [np.count_nonzero(codes == code) for code in range(-1, len(self.levels))]
            else:
                counts += np.bincount(codes.astype(np.intp) + 1, minlength=len(counts))
        return np.roll(counts, -1)


@dataclass(frozen=True)
class Table:
    """The columns of one table, by name.

    Numbers are in the smallest of int8, float32 and float64 that holds each of them exactly;
    a missing one is NaN.
    """

    rows: int
    numbers: dict[str, Numbers]
    texts: dict[str, Categorical]

    def take(self, rows: Rows | None, names: Collection[str] | None = None) -> "Table":
        """The table of only these rows and columns; None means all of them."""
        numbers = {k: v for k, v in self.numbers.items() if names is None or k in names}
        texts = {k: v for k, v in self.texts.items() if names is None or k in names}
        if rows is None:
            return Table(self.rows, numbers, texts)
        return Table(
            count_of(rows),
            {name: take(column, rows) for name, column in numbers.items()},
            {
                name: Categorical(take(column.codes, rows), column.levels)
                for name, column in texts.items()
            },
        )

    def missing(self, name: str) -> npt.NDArray[np.bool_]:
        """In which rows a column has no value."""
        if name in self.texts:
            return self.texts[name].codes < 0
        missing: npt.NDArray[np.bool_] = np.isnan(self.numbers[name])
        return missing


def level_counts(texts: Categorical) -> tuple[dict[str, int], int]:
    """How often each level occurs, and how often none does."""
    *counts, missing = texts.counts.tolist()
    return dict(zip(texts.levels, counts, strict=True)), missing


def count_of(rows: Rows) -> int:
    """How many rows these are."""
    return int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)


def take(
    column: npt.NDArray[Any], rows: Rows, out: npt.NDArray[Any] | None = None
) -> npt.NDArray[Any]:
    """Some rows of a column, in `out` if it is given; -1 is the last, as ever in numpy.

    Block by block, because numpy makes 64-bit numbers of all of `rows` that it gets.
    """
    if out is None:
        out = np.empty(count_of(rows), column.dtype)
    end = 0
    for i in range(0, len(rows), BLOCK_ROWS):
        part, block = column, rows[i : i + BLOCK_ROWS]
        if block.dtype == np.bool_:
            part, block = column[i : i + BLOCK_ROWS], np.flatnonzero(block)
        start, end = end, end + len(block)
        # The default mode copies `out` first.
        part.take(block.astype(np.intp, copy=False), out=out[start:end], mode="wrap")
    return out


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
        if sources.is_parquet(part):
            yield from read_parquet(part, schema)
            return
        with sources.open_text(part) as file:
            yield from read_blocks(file, schema, sources.delimiter_of(part))
    except sources.reading_errors() as error:
        raise TableReadError(str(error)) from error


def read_parquet(part: Path, schema: Schema) -> Iterator[Table]:
    """The same of a Parquet file.

    Raises:
        TableReadError: a column is not there.
        One of `sources.reading_errors`: something is wrong with it, or may be.
    """
    import pyarrow as pa
    from pyarrow import parquet

    types = _types(schema)
    with parquet.ParquetFile(part) as file:
        found = file.schema_arrow.names
        if wrong := [name for name in types if found.count(name) != 1]:
            raise TableReadError(f"there is no, or more than one, {', '.join(wrong)}")
        for batch in file.iter_batches(columns=list(types)):
            # By way of plain text, because few types can be cast to a dictionary.
            plain = {
                name: _as_numbers(batch[name])
                if name in schema.numeric
                else batch[name].cast(pa.string())
                for name in types
            }
            table = pa.table(plain).cast(pa.schema(types.items()))
            yield _from_arrow(table.combine_chunks().unify_dictionaries(), schema)


def _as_numbers(values: Any) -> Any:
    """Numbers of any type as doubles; texts are read as a CSV's are."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.type in (pa.string(), pa.large_string(), pa.string_view()):
        texts = values.cast(pa.string())
        missing = compute.is_in(texts, pa.array(sorted(MISSING)))
        values = compute.if_else(missing, None, compute.utf8_trim(texts, characters=BLANKS))
    return values.cast(pa.float64())


def _types(schema: Schema) -> dict[str, Any]:
    """The Arrow type of each column that is read."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return {name: pa.float64() if name in schema.numeric else text for name in schema.names}


def read_blocks(file: io.BufferedIOBase, schema: Schema, delimiter: str = ",") -> Iterator[Table]:
    """The rows of a CSV as consecutive small tables, each with its own levels.

    Raises:
        TableReadError: something in the file is wrong, or may be.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    def convert(missing: list[str]) -> Any:
        return arrow.ConvertOptions(
            include_columns=schema.names,
            column_types=_types(schema),
            null_values=missing,  # of numbers; of texts it is quicker to look at the levels
            check_utf8=False,  # the same
        )

    options = arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    # Most tables have no word for a missing number, and to look for all takes a tenth of the time.
    # Those that it would read as NaN are among the quick ones: NaN equals no number in fewer bytes,
    # and the column would stay in float64.
    quick = [word for word in MISSING if word.lower() in ("", "nan", "-nan")]
    conversions = [convert(quick), convert(sorted(MISSING))]
    free: list[bytearray] = []

    def parse(chunk: tuple[memoryview, list[str]]) -> Table:
        data, names = chunk
        if data[0] in b"\r\n" and not bytes(data).strip(b"\r\n"):
            return Table(0, {}, {})  # of empty lines alone, Arrow makes an error
        read = arrow.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=names or None
        )

        def parsed() -> Any:
            buffer = pa.BufferReader(pa.py_buffer(data))
            return arrow.read_csv(buffer, read, options, conversions[0])

        try:
            table = _from_arrow(parsed(), schema)
        except pa.ArrowInvalid:
            del conversions[:-1]  # for all later chunks
            table = _from_arrow(parsed(), schema)
        free.append(cast(bytearray, data.obj))
        return table

    def chunks() -> Iterator[tuple[memoryview, list[str]]]:
        names: list[str] = []
        for data in whole_records(file, delimiter, free):
            yield data, names
            if not names:
                names = header_of(data, delimiter)
                if twice := [name for name in schema.names if names.count(name) > 1]:
                    raise TableReadError(f"there are several columns {', '.join(twice)}")

    try:
        yield from in_order(parse, chunks())
    except (pa.ArrowException, csv.Error, UnicodeDecodeError) as error:
        raise TableReadError(str(error)) from error
    finally:
        pa.default_memory_pool().release_unused()  # what comes next needs other memory


def recoded(texts: Categorical, known: dict[str, int]) -> npt.NDArray[Any]:
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


def _texts(values: Any) -> Categorical:
    codes = np.frombuffer(values.indices.buffers()[1], np.int32)
    codes = codes[values.offset : values.offset + len(values)]
    levels = values.dictionary.to_pylist()
    narrow: npt.NDArray[Any] = codes.astype(np.min_scalar_type(-len(levels) - 1))
    missing = _missing(values.indices)
    if missing is not None:
        narrow[missing] = -1
    if MISSING.isdisjoint(levels):
        return Categorical(narrow, levels)
    kept = [i for i, level in enumerate(levels) if level not in MISSING]
    code_of = np.full(len(levels) + 1, -1, narrow.dtype)
    code_of[kept] = range(len(kept))
    return Categorical(code_of[narrow], [levels[i] for i in kept])

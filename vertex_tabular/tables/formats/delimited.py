"""Text with a delimiter between fields, plain or compressed with gzip."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vertex_tabular.schema.schema import Schema
from vertex_tabular.schema.values import MISSING
from vertex_tabular.tables.arrow import table_of, types_of
from vertex_tabular.tables.formats.delimited_rows import rows_of_text
from vertex_tabular.tables.formats.format import HEAD_BYTES, check_keys, read_head
from vertex_tabular.tables.parallel import threaded_map
from vertex_tabular.tables.problems import Problems
from vertex_tabular.tables.records import TableReadError, header_of, whole_records
from vertex_tabular.tables.table import Table

GZIP = b"\x1f\x8b"
UTF_16 = ("UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8")
AS_CSV = "save the table as CSV UTF-8"
# By the first bytes of what is no text and no format of tables: what it is, and the cure.
NO_TEXT = {
    GZIP: ("gzip", "end its name in .gz"),
    b"PK\x03\x04": ("an Excel workbook or a zip archive", AS_CSV),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", AS_CSV),
    b"\xff\xfe\0\0": ("UTF-32", "save it as UTF-8: iconv -f UTF-32 -t UTF-8"),
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
}


@dataclass(frozen=True)
class Delimited:
    """Text with `delimiter` between fields, in files named `suffix`, or that and .gz; see
    `Format`."""

    suffix: str
    delimiter: str
    name: str = "UTF-8 text"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return self.suffix, f"{self.suffix}.gz"

    def recognises(self, head: bytes) -> bool:
        return False  # any bytes may be text

    def misnamed(self, part: Path) -> str | None:
        head = read_head(part)
        if is_gzip(part) and head:
            if not head.startswith(GZIP):
                return f"{part} is named .gz but is not gzip; rename it"
            with open_text(part) as text:
                head = text.read(HEAD_BYTES)
        found = [form for start, form in NO_TEXT.items() if head.startswith(start)]
        # Letters and delimiters of UTF-16 have a byte of 0, always the first or always the second.
        zeros = sorted((head[0::2].count(0), head[1::2].count(0)))
        if not found and zeros[0] == 0 and zeros[1] > len(head) / 8:
            found = [UTF_16]
        if not found:
            return None
        form, cure = found[0]
        return f"{part} must be {self.name}, got {form}; {cure}"

    def blocks(self, part: Path, schema: Schema) -> Iterator[Table]:
        with open_text(part) as file:
            yield from read_blocks(file, schema, self.delimiter)

    def rows(
        self, part: Path, names: Sequence[str] | None, problems: Problems, of_part: str
    ) -> Iterator[tuple[str, dict[str, str]]]:
        with open_text(part) as file:
            yield from rows_of_text(file, self.delimiter, names, problems, part, of_part)

    def key_batches(self, part: Path, keys: Sequence[str]) -> Iterator[Any]:
        import pyarrow as pa
        from pyarrow import csv as arrow

        with open_text(part) as text:
            first = next(whole_records(text, self.delimiter), b"")
            check_keys(keys, header_of(first, self.delimiter))
        options = arrow.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
        convert = arrow.ConvertOptions(
            include_columns=keys, column_types=dict.fromkeys(keys, pa.string())
        )
        with open_text(part) as text:
            yield from arrow.open_csv(text, parse_options=options, convert_options=convert)


def is_gzip(part: Path) -> bool:
    """Whether a file is compressed, by its name."""
    return part.name.lower().endswith(".gz")


def open_text(part: Path) -> io.BufferedReader:
    """Opens a text file for reading its bytes, decompressed where it is compressed."""
    if not is_gzip(part):
        return open(part, "rb")
    from isal import igzip

    return cast(io.BufferedReader, igzip.IGzipFile(part, "rb"))  # type: ignore[no-untyped-call]


def read_blocks(file: io.BufferedIOBase, schema: Schema, delimiter: str = ",") -> Iterator[Table]:
    """The rows of a CSV as consecutive small tables, each with its own categories.

    Raises:
        TableReadError: something in the file is wrong, or may be.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    def convert(missing: list[str]) -> Any:
        return arrow.ConvertOptions(
            include_columns=schema.names,
            column_types=types_of(schema),
            null_values=missing,  # of numbers; of texts it is quicker to look at the categories
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
            table = table_of(parsed(), schema)
        except pa.ArrowInvalid:
            del conversions[:-1]  # for all later chunks
            table = table_of(parsed(), schema)
        free.append(cast(bytearray, data.obj))
        return table

    def chunks() -> Iterator[tuple[memoryview, list[str]]]:
        names: list[str] = []
        for data in whole_records(file, delimiter, free):
            if names:
                yield data, names
                continue
            found = header_of(data, delimiter)
            times = Counter(found)
            if twice := [name for name in schema.names if times[name] > 1]:
                raise TableReadError(f"there are several columns {', '.join(twice)}")
            yield data, names
            names = found

    try:
        yield from threaded_map(parse, chunks())
    except (pa.ArrowException, csv.Error, UnicodeDecodeError) as error:
        raise TableReadError(str(error)) from error
    finally:
        pa.default_memory_pool().release_unused()  # what comes next needs other memory

"""Reads a table row by row, as text: slowly, but it says what is wrong with the form, and where."""

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from vertex_tabular.tables import sources
from vertex_tabular.tables.records import MAX_BYTES

MAX_LINES = 20
MAX_NAMES = 20  # in one message
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
CURES_OF_DELIMITERS = {",": "end its name in .csv", "\t": "end its name in .tsv"}
AS_CSV = "save it with commas, and points in decimals"
AS_UTF_8 = "save the file as UTF-8"


class Problems:
    """What is wrong so far, as lines; only the first few are kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def add(self, line: str) -> None:
        self.count += 1
        if self.count <= MAX_LINES:
            self.lines.append(" ".join(line.split("\n")))

    def raise_if_any(self) -> None:
        """Raises InputError with one line for each problem, and the count of those left out."""
        if self.count > MAX_LINES:
            self.lines.append(f"and {self.count - MAX_LINES} more")
        if self.count:
            raise InputError("\n".join(self.lines))


def rows_of(
    part: Path, names: Sequence[str] | None, problems: Problems, of_part: str = ""
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a file that has its fields, as text by column, with its place ("line 7").

    What cannot be read is added to `problems`. `names` are the columns; None means all of them.
    """
    rows = _parquet_rows if sources.is_parquet(part) else _text_rows
    try:
        if problem := sources.misnamed(part):
            problems.add(problem)
        else:
            yield from rows(part, names, problems, of_part)
    except sources.reading_errors() as error:
        if isinstance(error, OSError) and error.strerror:
            problems.add(f"a file must be readable, got {part}: {error.strerror}")
        else:
            reason = str(error).strip(" .")
            problems.add(f"a file must be whole, got {part}: {reason}; copy it again")


def _text_rows(
    part: Path, wanted: Sequence[str] | None, problems: Problems, of_part: str
) -> Iterator[tuple[str, dict[str, str]]]:
    # Bytes that are not UTF-8 matter only in the columns that are read; there they are found.
    with io.TextIOWrapper(
        sources.open_text(part), "utf-8-sig", errors="surrogateescape", newline=""
    ) as file:
        delimiter = sources.delimiter_of(part)
        csv.field_size_limit(MAX_BYTES)
        reader = csv.reader(
            _lines(file, delimiter, problems, of_part), delimiter=delimiter, strict=True
        )
        records = _records(reader, problems, of_part)
        before = problems.count
        _, header = next(records, ("", []))
        names = header if wanted is None else wanted
        if header and problems.count == before:
            check_header(header, names, problems, of_part)
        elif problems.count == before:
            problems.add(f"a table must have a header, got {part} is empty")
        if problems.count > before:
            return  # without the columns, the rows say nothing
        columns = {name: header.index(name) for name in names}
        for where, record in records:
            if len(record) == len(header):
                yield where, {name: record[i] for name, i in columns.items()}
            else:
                problems.add(
                    f"a row must have {len(header)} fields, as the header has, got "
                    f"{len(record)} ({where}); {_cure_of_fields(record, len(header), delimiter)}"
                )


def _lines(
    file: io.TextIOWrapper, delimiter: str, problems: Problems, of_part: str
) -> Iterator[str]:
    """The lines of a file without their NUL bytes, which are problems, and none if the header has
    another delimiter, which is one too."""
    header_is_read = False
    for number, line in enumerate(file, 1):
        where = f"line {number}{of_part}"
        if "\0" in line:
            problems.add(
                f"a line must have no NUL byte, got {shown(line)} ({where}); remove it: tr -d '\\0'"
            )
            line = line.replace("\0", "")
        if not header_is_read and line.strip("\r\n"):
            header_is_read = True
            if other := _wrong_delimiter(line, delimiter):
                problems.add(
                    f"columns must be separated by a {DELIMITERS[delimiter]}, got by a "
                    f"{DELIMITERS[other]} ({where}); {CURES_OF_DELIMITERS.get(other, AS_CSV)}"
                )
                return
        yield line


def _cure_of_fields(record: list[str], fields: int, delimiter: str) -> str:
    """The likely cure of a row that has more or fewer."""
    if len(record) < fields:
        return "leave a field empty where a value is missing"
    if any(record[fields:]):
        return f"quote a field that holds a {DELIMITERS[delimiter]}"
    return f"remove the {DELIMITERS[delimiter]} at its end"


def _parquet_rows(
    part: Path, wanted: Sequence[str] | None, problems: Problems, of_part: str
) -> Iterator[tuple[str, dict[str, str]]]:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(part) as file:
        before = problems.count
        header = file.schema_arrow.names
        names = header if wanted is None else wanted
        check_header(header, names, problems, of_part)
        for field in file.schema_arrow:
            if field.name in names and pa.types.is_nested(field.type):
                problems.add(
                    f"{called(field.name)} must have one value a row, got "
                    f"{field.type}{of_part}; drop it, or make columns of it"
                )
        if problems.count > before:
            return
        row = 0
        for batch in file.iter_batches(columns=list(names)):
            for values in zip(*(_texts(batch[name]) for name in names), strict=True):
                row += 1
                yield f"row {row}{of_part}", dict(zip(names, values, strict=True))


def _texts(values: Any) -> list[str]:
    """An Arrow array as the texts that reading it makes of it."""
    import pyarrow as pa

    with contextlib.suppress(pa.ArrowException):  # as of bytes that are no UTF-8
        values = values.cast(pa.string())
    return [_as_text(value) for value in values.to_pylist()]


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return "" if value is None else str(value)


def _records(reader: Any, problems: Problems, of_part: str) -> Iterator[tuple[str, list[str]]]:
    """The records that have fields, each with its place in the file."""
    while True:
        where = f"line {reader.line_num + 1}{of_part}"
        try:
            if record := next(reader):
                yield where, record
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(
                f"quotes and fields must be well formed, got {error} ({where}); "
                "close each quote, and double those within"
            )


def check_header(header: list[str], names: Sequence[str], problems: Problems, of_part: str) -> None:
    """Each of `names` must be there once; others may be there too, in any order."""
    found = listed([called(name) for name in header])
    for name in dict.fromkeys(names):
        if is_not_utf_8(name):
            problems.add(f"a name must be UTF-8, got {shown(name)}{of_part}; {AS_UTF_8}")
        elif header.count(name) > 1:
            problems.add(
                f"column {called(name)} must be there once, got "
                f"{header.count(name)} times{of_part}; rename all but one"
            )
        elif name not in header:
            alike = [each for each in header if each.strip().lower() == name.strip().lower()]
            cure = f"; is it {alike[0]!r}?" if alike else ""
            if any(is_not_utf_8(each) for each in header):
                cure = f"; {AS_UTF_8}"
            problems.add(
                f"column {called(name)} must be there, got there are {found}{of_part}{cure}"
            )


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def called(name: str) -> str:
    """A column's name as a message shows it."""
    return name if name.isprintable() and name and name == name.strip() else shown(name)


def _wrong_delimiter(line: str, delimiter: str) -> str | None:
    """What else separates the columns of a header; it has two of them at least."""
    if delimiter in line or line.count('"') % 2:  # the header goes on in the next line
        return None
    return next((other for other in DELIMITERS if other in line), None)


def is_not_utf_8(text: str) -> bool:
    """Whether a text has letters that `surrogateescape` makes of bytes that are not UTF-8."""
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)


def shown(text: str) -> str:
    """A value as a message shows it: on one line, not endless, bad bytes as escapes."""
    start = text if len(text) <= 40 else f"{text[:37]}..."
    return repr(start).replace("\\udc", "\\x")  # how `surrogateescape` kept a bad byte

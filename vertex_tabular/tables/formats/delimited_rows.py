"""The rows of a file of delimited text one by one: slowly, but it says what is wrong, and where."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vertex_tabular.tables.problems import Problems, check_header, shown
from vertex_tabular.tables.records import MAX_BYTES, MAX_COLUMNS, MAX_EMPTY, TOO_WIDE

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
CURES_OF_DELIMITERS = {",": "end its name in .csv", "\t": "end its name in .tsv"}
QUOTE = '"'
AS_CSV = "save it with commas, and points in decimals"


def rows_of_text(
    binary: io.BufferedReader,
    delimiter: str,
    wanted: Sequence[str] | None,
    problems: Problems,
    part: Path,
    of_part: str,
) -> Iterator[tuple[str, dict[str, str]]]:
    """`Format.rows` of an open file."""
    # Bytes that are not UTF-8 matter only in the columns that are read; there they are found.
    with io.TextIOWrapper(binary, "utf-8-sig", errors="surrogateescape", newline="") as file:
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
            problems.add(f"{part} must have a header, got none")
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
    empty = 0  # characters since the last line that is not
    for number, line in enumerate(iter(lambda: file.readline(MAX_BYTES), ""), 1):
        where = f"line {number}{of_part}"
        empty = 0 if line.strip("\r\n") else empty + len(line)
        # Before the reader makes millions of fields of it.
        wide = line.count(delimiter) >= MAX_COLUMNS and (not header_is_read or QUOTE not in line)
        if wide or empty > MAX_EMPTY or len(line) >= MAX_BYTES:
            found = f"{TOO_WIDE}, got {line.count(delimiter) + 1:,}"
            if not wide:
                found = f"a row must be at most {MAX_BYTES:,} bytes long, got a longer one"
            if empty:
                found = f"empty lines must be at most {MAX_EMPTY:,}, got more"
            problems.add(f"{found} ({where}); check how the file was written")
            return
        if "\0" in line:
            problems.add(
                f"a line must have no NUL byte, got {shown(line)} ({where}); remove it: tr -d '\\0'"
            )
            line = line.replace("\0", "")
        if not header_is_read and line.strip("\r\n"):
            header_is_read = True
            if other := _wrong_delimiter(line, delimiter):
                problems.add(
                    f"columns must be separated by a {DELIMITERS[delimiter]}, got a "
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


def _wrong_delimiter(line: str, delimiter: str) -> str | None:
    """What else separates the columns of a header; it has two of them at least."""
    if delimiter in line or line.count('"') % 2:  # the header goes on in the next line
        return None
    return next((other for other in DELIMITERS if other in line), None)

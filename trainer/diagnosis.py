"""Explains what is wrong with a table: every problem, with its column, line and value.

Reading is fast because the fast reader only has to notice that something is wrong. What, and
where, is found here by reading the file once more, as text and row by row.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainer import sources
from trainer.errors import InputError
from trainer.features import classes_of
from trainer.schema import Column, Schema
from trainer.tables import Table
from trainer.values import EXACT, MISSING, broken_number, date_of, is_boolean

MOST_LINES = 20
BELOW = np.nextafter(EXACT, 0)  # a whole number beyond EXACT may have been rounded to it
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


class Problems:
    """What is wrong so far, as lines; only the first few are kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def add(self, line: str) -> None:
        self.count += 1
        if self.count <= MOST_LINES:
            self.lines.append(line)

    def raise_if_any(self) -> None:
        """Raises InputError with one line for each problem, and the count of those left out."""
        if self.count > MOST_LINES:
            self.lines.append(f"and {self.count - MOST_LINES} more")
        if self.count:
            raise InputError("\n".join(self.lines))


def check_header(
    header: list[str], delimiter: str, names: Sequence[str], problems: Problems, of_part: str
) -> None:
    """Each of `names` must be there once; others may be there too, in any order."""
    if len(header) == 1:
        for other, name in DELIMITERS.items():
            if other in header[0]:
                problems.add(
                    f"columns must be separated by a {DELIMITERS[delimiter]}, however: by a {name} "
                    f"(line 1{of_part})"
                )
                return
    found = ", ".join(name if name.isprintable() else _shown(name) for name in header)
    for name in names:
        if header.count(name) > 1:
            problems.add(
                f"column {name} must be there once, however: {header.count(name)} times{of_part}"
            )
        elif name not in header:
            problems.add(f"column {name} must be there, however: there are {found}{of_part}")


def is_doubtful(table: Table, schema: Schema) -> bool:
    """Whether a table that could be read needs explaining: a value that is not allowed or may not
    be exact, a column without a value, a target that is missing or has the wrong number of classes.
    """
    for column in schema.read:
        if column.name in schema.numeric:
            numbers = table.numbers[column.name]
            low, high = float(np.fmin.reduce(numbers)), float(np.fmax.reduce(numbers))
            # NaN where all are missing
            if not (max(column.min, -BELOW) <= low and high <= min(column.max, BELOW)):
                return True
            if column.name in schema.complete and np.isnan(numbers).any():
                return True
        else:
            if column.name in schema.complete and (table.texts[column.name].codes < 0).any():
                return True
            levels = table.texts[column.name].levels
            if not levels or any(broken_rule(level, column) for level in levels):
                return True
    if not schema.classifies:
        return False
    classes = len(classes_of(table.texts[schema.target].levels))
    return classes < 2 or (classes > 2 and schema.task == "binary")


def explain(parts: Sequence[Path], schema: Schema) -> None:
    """Raises an InputError with everything that is wrong with a table; returns if nothing is."""
    problems = Problems()
    checks = RowChecks(schema, problems)
    for part in parts:
        of_part = f" of {part.name}" if len(parts) > 1 else ""
        for where, row in rows_of(part, schema.names, problems, of_part):
            checks.add(where, row)
    checks.finish()
    problems.raise_if_any()


def rows_of(
    part: Path, names: Sequence[str] | None, problems: Problems, of_part: str = ""
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a file that has its fields, as text by column, with its place ("line 7").

    What cannot be read is added to `problems`. `names` are the columns; None means all of them.
    """
    rows = _parquet_rows if sources.is_parquet(part) else _text_rows
    try:
        yield from rows(part, names, problems, of_part)
    except sources.reading_errors() as error:
        problems.add(f"a file must be whole, however: {part}: {error}")


def _text_rows(
    part: Path, wanted: Sequence[str] | None, problems: Problems, of_part: str
) -> Iterator[tuple[str, dict[str, str]]]:
    # Bytes that are not UTF-8 matter only in the columns that are read; there they are found.
    with io.TextIOWrapper(
        sources.open_text(part), "utf-8-sig", errors="surrogateescape", newline=""
    ) as file:
        delimiter = sources.delimiter_of(part)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        records = _records(reader, problems, of_part)
        before = problems.count
        _, header = next(records, ("", []))
        names = header if wanted is None else wanted
        if header:
            check_header(header, delimiter, names, problems, of_part)
        elif problems.count == before:
            problems.add(f"a table must have a header, however: {part} is empty")
        if problems.count > before:
            return  # without the columns, the rows say nothing
        columns = {name: header.index(name) for name in names}
        for where, record in records:
            if len(record) == len(header):
                yield where, {name: record[i] for name, i in columns.items()}
            else:
                problems.add(
                    f"a row must have {len(header)} fields, as the header has, however: "
                    f"{len(record)} ({where}); quote a field that holds a "
                    f"{DELIMITERS[delimiter]}"
                )


def _parquet_rows(
    part: Path, wanted: Sequence[str] | None, problems: Problems, of_part: str
) -> Iterator[tuple[str, dict[str, str]]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(part) as file:
            before = problems.count
            header = file.schema_arrow.names
            names = header if wanted is None else wanted
            check_header(header, ",", names, problems, of_part)
            for field in file.schema_arrow:
                if field.name in names and pa.types.is_nested(field.type):
                    problems.add(
                        f"{field.name} must have one value a row, however: {field.type}{of_part}"
                    )
            if problems.count > before:
                return
            row = 0
            for batch in file.iter_batches(columns=list(names)):
                for values in batch.to_pylist():
                    row += 1
                    yield (
                        f"row {row}{of_part}",
                        {name: _as_text(value) for name, value in values.items()},
                    )
    except pa.ArrowException as error:
        problems.add(f"a file must be whole, however: {part}: {error}")


def _as_text(value: object) -> str:
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
            problems.add(f"quotes and fields must be well formed, however: {error} ({where})")


class RowChecks:
    """Checks rows one by one, and at the end the columns as a whole."""

    def __init__(self, schema: Schema, problems: Problems) -> None:
        self.schema = schema
        self.columns = {column.name: column for column in schema.read}
        self.problems = problems
        self.rows = 0
        self.empty = set(schema.names)
        self.target_levels: set[str] = set()

    def add(self, where: str, row: Mapping[str, str]) -> None:
        """Checks one row; `where` is its place, such as "line 7"."""
        self.rows += 1
        for name, text in row.items():
            is_target = name == self.schema.target
            if text in MISSING:
                if name in self.schema.complete:
                    what = "target" if is_target else "split column"
                    self.problems.add(
                        f"{what} {name} must not be missing, however: {text!r} ({where})"
                    )
                continue
            self.empty.discard(name)
            if rule := broken_rule(text, self.columns[name]):
                self.problems.add(f"{name} must be {rule}, however: {_shown(text)} ({where})")
            elif is_target and self.schema.classifies:
                self.target_levels.add(text)

    def finish(self) -> None:
        """Checks what only the whole table shows, if the rows were right."""
        target, task = self.schema.target, self.schema.task
        classes = classes_of(self.target_levels)
        shown = ", ".join([*map(str, classes[:5]), *(["..."] if len(classes) > 5 else [])])
        if task == "binary" and len(classes) > 2:
            self.problems.add(
                f"target {target} must have two values, however: {len(classes)}: {shown}"
            )
        if self.problems.count:
            return
        if not self.rows:
            self.problems.add("a table must have rows, however: there is only a header")
            return
        for name in self.schema.names:
            if name in self.empty:
                self.problems.add(f"{name} must have a value in some row, however: all are missing")
        if self.schema.classifies and len(classes) < 2:
            self.problems.add(f"target {target} must have two values, however: only {shown}")


def broken_rule(text: str, column: Column) -> str | None:
    """What a value that is not missing should have been ("a number"), or None if it is that."""
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
        return "UTF-8"  # these letters are what `surrogateescape` makes of other bytes
    if column.kind == "numeric":
        text = text.strip(" \t")
        if rule := broken_number(text):
            return rule
        if float(text) < column.min:
            return f"at least {column.min:g}"
        return f"at most {column.max:g}" if float(text) > column.max else None
    if column.kind == "boolean" and not is_boolean(text):
        return "true or false"
    if column.kind == "datetime" and date_of(text) is None:
        return "a date such as 2026-11-23 or 2026-11-23 08:30"
    if column.values and text not in column.values:
        return f"one of {', '.join(column.values)}"
    return None


def _shown(text: str) -> str:
    """A value as a message shows it: on one line, not endless, bad bytes as escapes."""
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    return repr(shown).replace("\\udc", "\\x")  # how `surrogateescape` kept a bad byte

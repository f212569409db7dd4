"""Explains what is wrong with a table: every problem, with its column, line and value.

Reading is fast because the fast reader only has to notice that something is wrong. What, and
where, is found here by reading the file once more, as `vertex_tabular.tables.rows` does.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vertex_tabular.schema.dates import DAY_FIRST, ISO, MONTH_FIRST, YEAR_LAST, date_of
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import (
    EXACT,
    broken_number,
    classes_of,
    is_boolean,
)
from vertex_tabular.tables.problems import AS_UTF_8, Problems, called, is_not_utf_8, listed, shown
from vertex_tabular.tables.rows import rows_of
from vertex_tabular.tables.table import Table

MAX_CLASSES = 10_000  # the model has an output for each
BELOW = np.nextafter(EXACT, 0)  # a whole number beyond EXACT may have been rounded to it
WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d.*\d ?[A-Z]{3,4}", re.ASCII)


def is_doubtful(table: Table, schema: Schema) -> bool:
    """Whether a table that could be read needs explaining: a value that is not allowed or may not
    be exact, a column without a value, a target that is missing or has the wrong number of classes.
    """
    if any(table.missing(name).any() for name in schema.complete):
        return True
    for column in schema.read:
        if column.name in schema.numeric:
            numbers = table.numbers[column.name]
            low, high = float(np.fmin.reduce(numbers)), float(np.fmax.reduce(numbers))
            # NaN where all are missing
            if not (max(column.min, -BELOW) <= low and high <= min(column.max, BELOW)):
                return True
        else:
            categories = table.texts[column.name].categories
            if not categories or any(broken_rule(category, column) for category in categories):
                return True
    if not schema.classifies:
        return False
    classes = len(classes_of(table.texts[schema.target].categories))
    return not 2 <= classes <= (2 if schema.task == "binary" else MAX_CLASSES)


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


class RowChecks:
    """Checks rows one by one, and at the end the columns as a whole."""

    def __init__(self, schema: Schema, problems: Problems) -> None:
        self.schema = schema
        self.columns = {column.name: column for column in schema.read}
        self.problems = problems
        self.rows = 0
        self.empty = set(schema.names)
        self.target_labels: set[str] = set()

    def add(self, where: str, row: Mapping[str, str]) -> None:
        """Checks one row; `where` is its place, such as "line 7"."""
        self.rows += 1
        for name, text in row.items():
            is_target = name == self.schema.target
            if self.columns[name].is_missing(text):
                if name in self.schema.complete:
                    what = "target" if is_target else "split column"
                    cure = self.schema.cure_of_no_target(text) if is_target else "fill it in"
                    self.problems.add(
                        f"{what} {name} must not be missing, got {text!r} ({where}); {cure}"
                    )
                continue
            self.empty.discard(name)
            if problem := wrong_value(text, self.columns[name], where):
                self.problems.add(problem)
            elif is_target and self.schema.classifies:
                self.target_labels.add(text)

    def finish(self) -> None:
        """Checks what only the whole table shows, if the rows were right."""
        target, task = self.schema.target, self.schema.task
        classes = classes_of(self.target_labels)
        first = ", ".join([*classes[:5], *(["..."] if len(classes) > 5 else [])])
        if len(classes) > MAX_CLASSES and task != "binary":
            self.problems.add(
                f"target {target} must have at most {MAX_CLASSES} values, got "
                f"{len(classes)}: {first}; `task: regression` takes numbers"
            )
        elif len(classes) > 2 and task == "binary":
            more = "; `task: multiclass` takes more" if len(classes) <= MAX_CLASSES else ""
            self.problems.add(
                f"target {target} must have two values, got {len(classes)}: {first}{more}"
            )
        if self.problems.count:
            return
        if not self.rows:
            self.problems.add("a table must have rows, got only a header")
            return
        for name in self.schema.names:
            if name in self.empty:
                self.problems.add(f"{name} must have a value in some row, got none")
        if self.schema.classifies and len(classes) == 1:
            self.problems.add(f"target {target} must have two values, got only {first}")


def wrong_value(text: str, column: Column, where: str) -> str | None:
    """A line that says what is wrong with a value that is not missing, or None if nothing is."""
    if rule := broken_rule(text, column):
        cure = _cure_of_value(text, rule, column)
        return f"{called(column.name)} must be {rule}, got {shown(text)} ({where}){cure}"
    return None


def broken_rule(text: str, column: Column) -> str | None:
    """What a value that is not missing should have been ("a number"), or None if it is that."""
    if is_not_utf_8(text):
        return "UTF-8"
    if column.kind == "numeric":
        if rule := broken_number(text):
            return rule
        if float(text) < column.min:
            return f"at least {column.min:g}"
        return f"at most {column.max:g}" if float(text) > column.max else None
    if column.kind == "boolean" and not is_boolean(text):
        return "true or false, yes or no, 1 or 0"
    if column.kind == "datetime" and date_of(text, column.order) is None:
        return "a date such as 2026-11-23 or 2026-11-23 08:30"
    if column.values and column.kept(text) not in column.values:
        return f"one of {listed(column.values)}"
    return None


def _cure_of_value(text: str, rule: str, column: Column) -> str:
    """What to do about a value that breaks a rule, where the rule does not say so."""
    if rule == "UTF-8":
        return f"; {AS_UTF_8}"
    if rule.startswith("exact"):
        return "; drop the column if it is an id"
    if column.kind == "datetime" and WITH_ZONE.fullmatch(text):
        return "; write all in one zone, and leave it out"
    if column.kind == "datetime" and column.order == ISO and YEAR_LAST.fullmatch(text):
        return f"; say `order: {DAY_FIRST}` or `order: {MONTH_FIRST}`"
    if column.kind in ("numeric", "datetime") and not re.search(r"\d", text):
        return "; leave it empty if it is missing"
    if rule == "a number" and re.fullmatch(r"\W*\d[\d\W_]*", text):
        return "; write it like 1234.5"
    return ""

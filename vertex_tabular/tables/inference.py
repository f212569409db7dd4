"""Proposes a schema for a table, with the reason for each line in a comment."""

import json
import re
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from trainer.tasks.kinds import TASKS
from vertex_tabular.schema.reader import load_yaml
from vertex_tabular.schema.schema import Column
from vertex_tabular.schema.values import (
    BLANKS,
    BOOLEANS,
    PLAIN_NUMBER,
    broken_number,
    classes_of,
    date_of,
    is_missing,
)
from vertex_tabular.tables import sources
from vertex_tabular.tables.diagnosis import wrong_value
from vertex_tabular.tables.problems import Problems, check_header, is_not_utf_8
from vertex_tabular.tables.rows import rows_of

SAMPLE = 100_000  # rows of the first part are looked at,
CELLS = 4_000_000  # and fewer if there are many columns
FEW = 20  # classes at most, where the target is not a number to be estimated
TARGETS = ("target", "label", "class", "y", "survived", "outcome")  # what targets are often called
WHOLE_NUMBERS = "whole numbers"  # may be classes, or a quantity to be estimated
WORDS = frozenset(word for word in BOOLEANS if word.isalpha())
LIKE_A_NUMBER = re.compile(r"\W*\d[\d\W_T]*[A-Za-z]{0,3}", re.ASCII)  # "1,000 kg", but not "A-1"
ID = re.compile(r"(.*[^A-Za-z])?id|.*[^A-Z]I[Dd]|I[Dd]", re.DOTALL)  # but not "paid"


def infer(uri: str, target: str | None = None, task: str | None = None) -> str:
    """A schema as YAML, from the first rows of a table.

    Args:
        uri: as `vertex_tabular.tables.sources` describes it.
        target: the column to predict; without it, one that is called like a target, else the last
            with two values, else the last.
        task: one of `TASKS`; without it, what the target's values suggest.

    Raises:
        InputError: the table has no rows, or no such target or task, or cannot be read.
    """
    columns = _columns(uri)
    problems = Problems()
    check_header(list(columns), [target] if target else [], problems, "")
    problems.raise_if_any()
    guess = "as asked for" if target else "a guess"
    target = target or _guess_target(columns)
    if task is None:
        task, why = _task(columns[target])
    elif task in TASKS:
        why = "as asked for"
    else:
        raise InputError(f"the task must be one of {', '.join(TASKS)}, got {task}")
    lines = [f"target: {_quoted(target)}  # {guess}"]
    lines += [f"task: {task}  # {why}"]
    if missing := _missing(columns[target]):
        of = f"{missing} of {len(columns[target])} rows have no target"
        lines.append(f"# missing_target: drop  # {of}: this leaves them out")
    lines.append("columns:")
    for name, values in columns.items():
        if name != target:
            kind, why = _kind(name, values)
            entry = f"{{name: {_quoted(name)}, kind: {kind}}}"
            lines.append(f"  - {entry}  # {why}; {_missing(values)} of {len(values)} missing")
    return "\n".join(lines) + "\n"


def infer_schema(table: str | Path, target: str | None = None) -> dict[str, Any]:
    """The schema that `infer` proposes, as `prepare` takes it.

    Args:
        table: as `vertex_tabular.tables.sources` describes it.
        target: the column to predict; without it, a guess.

    Raises:
        InputError: the table has no rows, or no such target, or cannot be read.
    """
    schema: dict[str, Any] = load_yaml(infer(str(table), target))
    return schema


def _columns(uri: str) -> dict[str, list[str]]:
    """By column, the values of the first rows as text."""
    problems = Problems()
    columns: dict[str, list[str]] = {}
    part = sources.parts_of(uri)[0]
    for number, (where, row) in enumerate(rows_of(part, None, problems)):
        if number >= min(SAMPLE, CELLS // len(row)):
            break
        for name, text in row.items():
            if is_not_utf_8(text) and (
                problem := wrong_value(text, Column(name, "categorical"), where)
            ):
                problems.add(problem)
            columns.setdefault(name, []).append(text)
    problems.raise_if_any()
    if not columns:
        raise InputError(f"{uri} must have rows, got none")
    if len(columns) == 1:
        raise InputError(f"{uri} must have at least two columns, got one")
    return columns


def _quoted(text: str) -> str:
    """A text as YAML has it in quotes, on one line."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _missing(values: list[str]) -> int:
    return len(values) - len(_present(values))


def _present(values: list[str]) -> list[str]:
    """The values that are there; NaN however it is spelled is not, among numbers."""
    texts = {value for value in values if not is_missing(value, numeric=False)}
    numbers = {value for value in texts if not is_missing(value, numeric=True)}
    present = numbers if _all_numbers(numbers) else texts
    return [value for value in values if value in present]


def _guess_target(columns: dict[str, list[str]]) -> str:
    for name in columns:
        if name.lower() in TARGETS:
            return name
    two_valued = [name for name, values in columns.items() if len(set(_present(values))) == 2]
    return [*columns, *two_valued][-1]


def _task(values: list[str]) -> tuple[str, str]:
    classes = classes_of(_present(values))
    if len(classes) <= 2:
        # A text may hold a line break, which would end the comment.
        shown = [c if PLAIN_NUMBER.fullmatch(c) else _quoted(c) for c in classes]
        return "binary", f"its values are {', '.join(shown)}"
    numbers = _all_numbers(set(classes))
    if numbers and (len(classes) > FEW or not all(float(c).is_integer() for c in classes)):
        return "regression", f"its values are {len(classes)} numbers"
    return "multiclass", f"it has {len(classes)} different {WHOLE_NUMBERS if numbers else 'texts'}"


def _kind(name: str, values: list[str]) -> tuple[str, str]:
    present = _present(values)
    categories = set(present)
    if not categories:
        return "drop", "it has no values"
    if not name.strip():
        return "drop", "its header is empty"
    if {category.lower() for category in categories} <= WORDS:
        return "boolean", f"its values are {', '.join(sorted(categories))}"
    if _all_numbers(categories):
        whole = all(category.strip(BLANKS).lstrip("+-").isdigit() for category in categories)
        if whole and len(categories) == len(values) > 2 and _consecutive(values):
            return "drop", "it numbers the rows"
        if whole and ID.fullmatch(name.strip()):
            return "drop", "it is called an id"
        return "numeric", f"{len(categories)} different numbers"
    if all(date_of(category) for category in categories):
        return "datetime", f"{len(categories)} different dates"
    if len(categories) > max(FEW, len(present) // 10):
        return (
            "drop",
            f"too many different texts: {len(categories)} in {len(present)}{_but(categories)}",
        )
    return "categorical", f"{len(categories)} different texts{_but(categories)}"


def _but(categories: set[str]) -> str:
    """Of texts most of which look like numbers or dates, one that is neither."""
    broken = [
        each for each in categories if broken_number(each) == "a number" and not date_of(each)
    ]
    alike = sum(LIKE_A_NUMBER.fullmatch(each) is not None for each in categories)
    if not broken or 2 * alike < len(categories):
        return ""
    return f"; {_quoted(min(broken))} is neither a number nor a date"


def _all_numbers(categories: set[str]) -> bool:
    return all(broken_number(category) is None for category in categories)


def _consecutive(values: list[str]) -> bool:
    numbers = [float(value) for value in values]
    return max(numbers) - min(numbers) == len(set(numbers)) - 1

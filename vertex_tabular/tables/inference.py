"""Proposes a schema for a table, with the reason for each line in a comment."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from trainer.tasks.kinds import TASKS
from vertex_tabular.schema.dates import DAY_FIRST, ISO, MONTH_FIRST, ORDERS, date_of, order_of
from vertex_tabular.schema.reader import load_yaml
from vertex_tabular.schema.schema import Column
from vertex_tabular.schema.values import (
    BLANKS,
    BOOLEANS,
    MISSING,
    PLAIN_NUMBER,
    broken_number,
    classes_of,
    is_missing,
)
from vertex_tabular.tables import sources
from vertex_tabular.tables.diagnosis import wrong_value
from vertex_tabular.tables.problems import (
    MAX_LINES,
    Problems,
    called,
    check_header,
    is_not_utf_8,
    shortened,
)
from vertex_tabular.tables.rows import rows_of

SAMPLE = 100_000  # rows of the first part are looked at,
CELLS = 4_000_000  # and fewer if there are many columns
FEW = 20  # classes at most, where the target is not a number to be estimated
TARGETS = ("target", "label", "class", "y", "survived", "outcome")  # what targets are often called
WHOLE_NUMBERS = "whole numbers"  # may be classes, or a quantity to be estimated
WORDS = frozenset(word for word in BOOLEANS if word.isalpha())
LIKE_A_NUMBER = re.compile(r"\W*\d[\d\W_T]*[A-Za-z]{0,3}", re.ASCII)  # "1,000 kg", but not "A-1"
CODE = re.compile(r"0\d+", re.ASCII)  # with a leading zero, as of a zip code: no number has one
YEARS = frozenset(range(1900, 2101))
RARE = 5  # rows of a category, among many, that are enough for one code
MISSING_LEVEL = "(missing)"
UNIQUE_NUMBERS = "it has a different whole number in each row, as an id has"
INDEX = re.compile(r"Unnamed: \d+|__index_level_\d+__", re.ASCII)
ID = re.compile(r"(.*[^A-Za-z])?id|.*[^A-Z]I[Dd]|I[Dd]", re.DOTALL)  # but not "paid"


@dataclass(frozen=True)
class Inference:
    """A proposed schema.

    Attributes:
        schema: as YAML, with the reason for each line in a comment.
        notes: what is left out and why, and what was decided from the values; a line each, not
            all of very many.
    """

    schema: str
    notes: list[str]


@dataclass(frozen=True)
class Guess:
    """What a column may be: its kind, why, its further keys, and whether to tell."""

    kind: str
    why: str
    keys: tuple[str, ...] = ()
    notable: bool = False


def infer(uri: str, target: str | None = None, task: str | None = None) -> Inference:
    """A schema for a table, from its first rows.

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
    reason = "as asked for" if target else "a guess"
    target = target or _guess_target(columns)
    if task is None:
        task, why = _task(columns[target])
    elif task in TASKS:
        why = "as asked for"
    else:
        raise InputError(f"the task must be one of {', '.join(TASKS)}, got {task}")
    lines = [f"target: {_quoted(target)}  # {reason}", f"task: {task}  # {why}"]
    lines += _without_target(target, columns[target])
    lines.append("columns:")
    notes = []
    for name, values in columns.items():
        if name != target:
            guess = _guess(name, values)
            keys = ", ".join([f"name: {_quoted(name)}", f"kind: {guess.kind}", *guess.keys])
            missing = f"{_missing(values)} of {len(values)} missing"
            lines.append(f"  - {{{keys}}}  # {guess.why}; {missing}")
            if guess.kind == "drop":
                notes.append(f"{called(name)} is left out: {guess.why}")
            elif guess.notable:
                notes.append(
                    f"{called(name)} is {guess.kind} ({', '.join(guess.keys)}): {guess.why}"
                )
    if len(notes) > MAX_LINES:
        rest = f"and {len(notes) - MAX_LINES} more, in the schema's comments"
        notes = [*notes[:MAX_LINES], rest]
    return Inference("\n".join(lines) + "\n", notes)


def _without_target(target: str, values: list[str]) -> list[str]:
    """What to do about rows without a target, as comments of the schema."""
    missing = _missing(values)
    if not missing:
        return []
    of = f"{missing} of {len(values)} rows have no target"
    lines = [f"# missing_target: drop  # {of}: this leaves them out"]
    if words := sorted(set(values) & MISSING - {""}):
        classes = f"{', '.join(map(_quoted, words))} as a class; see that the task is right"
        lines.append(f'# target: {{name: {_quoted(target)}, missing: [""]}}  # or: {classes}')
    return lines


def infer_schema(table: str | Path, target: str | None = None) -> dict[str, Any]:
    """The schema that `infer` proposes, as `prepare` takes it.

    Args:
        table: as `vertex_tabular.tables.sources` describes it.
        target: the column to predict; without it, a guess.

    Raises:
        InputError: the table has no rows, or no such target, or cannot be read.
    """
    schema: dict[str, Any] = load_yaml(infer(str(table), target).schema)
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
    """The values that are there; among numbers, dates and words of yes and no, blanks are not, and
    among numbers NaN however it is spelled."""
    texts = {value for value in values if not is_missing(value, numeric=False)}
    numbers = {value for value in texts if not is_missing(value, numeric=True)}
    filled = {value for value in texts if value.strip(BLANKS)}
    if numbers and _all_numbers(numbers):
        texts = numbers
    elif _are_booleans(filled) or all(_is_any_date(text) for text in filled):
        texts = filled
    return [value for value in values if value in texts]


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
    numbers = _all_numbers(set(classes)) and not any(map(CODE.fullmatch, classes))
    if numbers and (len(classes) > FEW or not all(float(c).is_integer() for c in classes)):
        return "regression", f"its values are {len(classes)} numbers"
    return "multiclass", f"it has {len(classes)} different {WHOLE_NUMBERS if numbers else 'texts'}"


def _guess(name: str, values: list[str]) -> Guess:
    present = _present(values)
    categories = set(present)
    missing = len(values) - len(present)
    if not categories:
        return Guess("drop", "it has no values")
    if not name.strip():
        return Guess("drop", "its header is empty")
    if INDEX.fullmatch(name.strip()):
        return Guess("drop", "it is the index that pandas wrote")
    if len(categories) == 1 < len(values) and not missing:
        return Guess("drop", f"it is always {_quoted(shortened(present[0]))}")
    guess = _kind(name, values, present, categories)
    if guess.kind != "drop" and (2 * missing > len(values) or (missing and len(categories) == 1)):
        # The most frequent category in most rows would hide that it is missing.
        key = f'impute: "{MISSING_LEVEL}"' if guess.kind == "categorical" else "indicator: true"
        return replace(guess, keys=(*guess.keys, key), notable=True)
    return guess


def _kind(name: str, values: list[str], present: list[str], categories: set[str]) -> Guess:
    if _are_booleans(categories):
        return Guess("boolean", f"its values are {', '.join(sorted(categories))}")
    try:
        order = order_of(categories)
    except ValueError:
        orders = f"`kind: datetime, order: {DAY_FIRST}` or `order: {MONTH_FIRST}`"
        why = f"its dates, as {_quoted(min(categories))}, may begin with the day or the month"
        return Guess("drop", f"{why}; say {orders}")
    years = {date.year for text in categories if order and (date := date_of(text, order))}
    # Of eight digits that are a date each, no one writes numbers; others may be.
    if order and (not _all_numbers(categories) or years <= YEARS):
        why = f"{len(categories)} different dates"
        if order == ISO:
            return Guess("datetime", why)
        first = f"{why}, which begin with the {order.partition('-')[0]}"
        return Guess("datetime", first, (f"order: {order}",), notable=True)
    bare = {category.strip(BLANKS) for category in categories}
    whole = all(text.isascii() and text.isdigit() for text in bare)
    distinct = len(categories) == len(values)
    if _all_numbers(categories) and not any(map(CODE.fullmatch, bare)):
        whole_or_negative = all(text.lstrip("+-").isdigit() for text in bare)
        if whole_or_negative and distinct and len(values) > 2 and _consecutive(values):
            return Guess("drop", "it numbers the rows")
        if whole and distinct and len(values) > FEW:
            return Guess("drop", UNIQUE_NUMBERS)
        if whole_or_negative and ID.fullmatch(name.strip()):
            if len(categories) > min(FEW, len(present) // 2):
                return Guess("drop", "it is called an id")
            return Guess("categorical", f"{len(categories)} different ids")
        return Guess("numeric", f"{len(categories)} different numbers")
    if whole and distinct and len(values) > FEW:
        return Guess("drop", f"{UNIQUE_NUMBERS}{_but(categories)}")
    if len(categories) <= max(FEW, len(present) // 10):
        return Guess("categorical", f"{len(categories)} different texts{_but(categories)}")
    many = f"{len(categories)} in {len(present)}{_but(categories)}"
    if whole or len(categories) <= len(present) // 2:
        return Guess("categorical", f"many different texts: {many}", (f"min_frequency: {RARE}",))
    return Guess("drop", f"too many different texts: {many}")


def _but(categories: set[str]) -> str:
    """Of texts most of which look like numbers or dates, one that is neither, or no number that is
    read exactly."""
    alike = sum(LIKE_A_NUMBER.fullmatch(each) is not None for each in categories)
    if 2 * alike < len(categories):
        return ""
    for each in sorted(categories):
        rule = broken_number(each)
        if rule == "a number" and not _is_any_date(each):
            return f"; {_quoted(shortened(each))} is neither a number nor a date"
        if rule and rule != "a number":
            return f"; {_quoted(shortened(each))} is not {rule}"
    return ""


def _are_booleans(categories: set[str]) -> bool:
    return {category.lower() for category in categories} <= WORDS


def _is_any_date(text: str) -> bool:
    return any(date_of(text, order) for order in ORDERS)


def _all_numbers(categories: set[str]) -> bool:
    return all(broken_number(category) is None for category in categories)


def _consecutive(values: list[str]) -> bool:
    numbers = [float(value) for value in values]
    return max(numbers) - min(numbers) == len(set(numbers)) - 1

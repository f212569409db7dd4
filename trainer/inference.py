"""Proposes a schema for a table, with the reason for each line in a comment."""

import json
from collections.abc import Iterator
from itertools import islice

from trainer import diagnosis, sources
from trainer.errors import InputError
from trainer.features import classes_of
from trainer.schema import TASKS
from trainer.values import BOOLEANS, MISSING, broken_number, date_of

SAMPLE = 100_000  # rows of the first part are looked at
FEW = 20  # classes at most, where the target is not a number to be estimated
TARGETS = ("target", "label", "class", "y", "survived", "outcome")  # what targets are often called
WHOLE_NUMBERS = "whole numbers"  # may be classes, or a quantity to be estimated
WORDS = frozenset(word for word in BOOLEANS if word.isalpha())


def infer(uri: str, target: str | None = None, task: str | None = None) -> str:
    """A schema as YAML, from the first rows of a table.

    Args:
        uri: as `trainer.sources` describes it.
        target: the column to predict; without it, one that is called like a target, else the last
            with two values, else the last.
        task: one of `TASKS`; without it, what the target's values suggest.

    Raises:
        InputError: the table has no rows, or no such target or task, or cannot be read.
    """
    columns = _columns(uri)
    if target is not None and target not in columns:
        raise InputError(
            f"the target must be a column, however: {target}; there are {', '.join(columns)}"
        )
    guess = "as asked for" if target else "a guess"
    target = target or _guess_target(columns)
    if task is None:
        task, why = _task(columns[target])
    elif task in TASKS:
        why = "as asked for"
    else:
        raise InputError(f"the task must be one of {', '.join(TASKS)}, however: {task}")
    lines = [f"target: {json.dumps(target, ensure_ascii=False)}  # {guess}"]
    lines += [f"task: {task}  # {why}", "columns:"]
    for name, values in columns.items():
        if name != target:
            kind, why = _kind(values)
            missing = sum(value in MISSING for value in values)
            entry = f"{{name: {json.dumps(name, ensure_ascii=False)}, kind: {kind}}}"
            lines.append(f"  - {entry}  # {why}; {missing} of {len(values)} missing")
    return "\n".join(lines) + "\n"


def _columns(uri: str) -> dict[str, list[str]]:
    """By column, the values of the first rows as text."""
    rows = list(islice(_rows(uri), SAMPLE))
    if not rows:
        raise InputError(f"a table must have rows, however: {uri} has none")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _rows(uri: str) -> Iterator[dict[str, str]]:
    problems = diagnosis.Problems()
    for _, row in diagnosis.rows_of(sources.parts_of(uri)[0], None, problems):
        yield row
    problems.raise_if_any()


def _present(values: list[str]) -> set[str]:
    return {value for value in values if value not in MISSING}


def _guess_target(columns: dict[str, list[str]]) -> str:
    for name in columns:
        if name.lower() in TARGETS:
            return name
    two_valued = [name for name, values in columns.items() if len(_present(values)) == 2]
    return [*columns, *two_valued][-1]


def _task(values: list[str]) -> tuple[str, str]:
    levels = _present(values)
    classes = classes_of(levels)
    if len(classes) <= 2:
        # A text may hold a line break, which would end the comment.
        shown = [
            json.dumps(c, ensure_ascii=False) if isinstance(c, str) else str(c) for c in classes
        ]
        return "binary", f"its values are {', '.join(shown)}"
    if any(isinstance(level, str | float) for level in classes) and _all_numbers(levels):
        return "regression", f"its values are {len(classes)} numbers"
    if len(classes) <= FEW or isinstance(classes[0], str):
        of = "texts" if isinstance(classes[0], str) else WHOLE_NUMBERS
        return "multiclass", f"it has {len(classes)} different {of}"
    return "regression", f"its values are {len(classes)} numbers"


def _kind(values: list[str]) -> tuple[str, str]:
    levels = _present(values)
    present = sum(value not in MISSING for value in values)
    if not levels:
        return "drop", "it has no values"
    if {level.lower() for level in levels} <= WORDS:
        return "boolean", f"its values are {', '.join(sorted(levels))}"
    if _all_numbers(levels):
        whole = all(level.strip().lstrip("-").isdigit() for level in levels)
        if whole and len(levels) == present == len(values) > 2 and _consecutive(values):
            return "drop", "it numbers the rows"
        return "numeric", f"{len(levels)} different numbers"
    if all(date_of(level) for level in levels):
        return "datetime", f"{len(levels)} different dates"
    if len(levels) > max(FEW, present // 10):
        return "drop", f"too many different texts: {len(levels)} in {present}"
    return "categorical", f"{len(levels)} different texts"


def _all_numbers(levels: set[str]) -> bool:
    return all(broken_number(level.strip(" \t")) is None for level in levels)


def _consecutive(values: list[str]) -> bool:
    numbers = [int(value) for value in values]
    return max(numbers) - min(numbers) == len(set(numbers)) - 1

"""Proposes a schema for a table, with the reason for each line in a comment."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from trainer.tasks.kinds import TASKS
from vertex_tabular.schema.guesses import (
    CODE,
    FEW,
    ROW_NUMBERS,
    Guess,
    are_numbers,
    guess_of,
    in_yaml,
    present_of,
)
from vertex_tabular.schema.reader import load_yaml
from vertex_tabular.schema.schema import Column
from vertex_tabular.schema.values import MISSING, PLAIN_NUMBER, classes_of
from vertex_tabular.tables import sources
from vertex_tabular.tables.diagnosis import wrong_value
from vertex_tabular.tables.problems import (
    MAX_LINES,
    Problems,
    called,
    check_header,
    is_not_utf_8,
)
from vertex_tabular.tables.rows import rows_of

SAMPLE = 100_000  # rows of the first part are looked at,
CELLS = 4_000_000  # and fewer if there are many columns
ROWS_A_CLASS = 5  # whole numbers of which each is rarer, on average, are counts and not classes
TARGETS = ("target", "label", "y", "class", "outcome")  # what targets are often called
WHOLE_NUMBERS = "whole numbers"  # may be classes, or a quantity to be estimated


@dataclass(frozen=True)
class Inference:
    """A proposed schema.

    Attributes:
        schema: as YAML, with the reason for each line in a comment.
        notes: what is left out and why, and what was decided from the values; a line each, not
            all of very many.
        columns: the names of all columns of the table.
        head: what is predicted and why, and how many columns of each kind it is predicted from.
    """

    schema: str
    notes: list[str]
    columns: Sequence[str] = ()
    head: str = ""

    @property
    def summary(self) -> list[str]:
        """What to tell a user who sees no schema, a line each."""
        return [self.head, *self.notes]


def infer(uri: str, target: str | None = None, task: str | None = None) -> Inference:
    """A schema for a table, from its first rows.

    Args:
        uri: as `vertex_tabular.tables.sources` describes it.
        target: the column to predict; without it, one that is called like the file, else one that
            is called like a target, else the last.
        task: one of `TASKS`; without it, what the target's values suggest.

    Raises:
        InputError: the table has no rows, or no such target or task, or cannot be read.
    """
    columns = _columns(uri)
    problems = Problems()
    check_header(list(columns), [target] if target else [], problems, "")
    problems.raise_if_any()
    reason = "as asked for"
    if not target:
        target, reason = _guess_target(uri, list(columns))
    if task is None:
        task, why = _task(columns[target])
    elif task in TASKS:
        why = "as asked for"
    else:
        raise InputError(f"the task must be one of {', '.join(TASKS)}, got {task}")
    lines = [f"target: {in_yaml(target)}  # {reason}", f"task: {task}  # {why}"]
    kept, notes = _without_target(target, columns[target])
    lines += [*kept, "columns:"]
    kinds: Counter[str] = Counter()
    for name, guess in _guesses({n: values for n, values in columns.items() if n != target}):
        values = columns[name]
        kinds[guess.kind] += 1
        keys = ", ".join([f"name: {in_yaml(name)}", f"kind: {guess.kind}", *guess.keys])
        missing = f"{_missing(values)} of {len(values)} missing"
        lines.append(f"  - {{{keys}}}  # {guess.why}; {missing}")
        if guess.kind == "drop":
            notes.append(f"{called(name)} is left out: {guess.why}")
        elif guess.notable:
            more = f" ({', '.join(guess.keys)})" if guess.keys else ""
            notes.append(f"{called(name)} is {guess.kind}{more}: {guess.why}")
    looked_at = len(columns[target])
    if looked_at >= min(SAMPLE, CELLS // len(columns)):
        notes.insert(0, f"only the first {looked_at:,} rows were looked at")
    if len(notes) > MAX_LINES:
        rest = f"and {len(notes) - MAX_LINES} more, in the schema's comments"
        notes = [*notes[:MAX_LINES], rest]
    return Inference(
        "\n".join(lines) + "\n", notes, tuple(columns), _head(target, reason, task, kinds)
    )


def _head(target: str, reason: str, task: str, kinds: Mapping[str, int]) -> str:
    """What was inferred, in one line."""
    used = {kind: count for kind, count in kinds.items() if kind != "drop"}
    shown = ", ".join(f"{count} {kind}" for kind, count in used.items())
    total = sum(used.values())
    of = f"from {total} column{'' if total == 1 else 's'}{f' ({shown})' if shown else ''}"
    left = f"; {kinds['drop']} left out" if kinds.get("drop") else ""
    why = "" if reason == "as asked for" else f", {reason}"
    return f"{called(target)} is predicted ({task}{why}) {of}{left}"


def _guesses(columns: dict[str, list[str]]) -> list[tuple[str, Guess]]:
    """Of each column. Where all would be dropped, what counts the rows may be the time."""
    guesses = {name: guess_of(name, values) for name, values in columns.items()}
    if all(guess.kind == "drop" for guess in guesses.values()):
        for name, guess in guesses.items():
            if guess.why == ROW_NUMBERS:
                why = f"{ROW_NUMBERS}, but nothing else is left"
                guesses[name] = Guess("numeric", why, notable=True)
    return list(guesses.items())


def _without_target(target: str, values: list[str]) -> tuple[list[str], list[str]]:
    """What to do about rows without a target, as lines of the schema, and what to tell. Where the
    target may be a word such as None, its user decides."""
    missing = _missing(values)
    if not missing:
        return [], []
    of = f"{missing} of {len(values)} rows have no target"
    if words := sorted(set(values) & MISSING - {""}):
        classes = f"{', '.join(map(in_yaml, words))} as a class; see that the task is right"
        return [
            f"# missing_target: drop  # {of}: this leaves them out",
            f'# target: {{name: {in_yaml(target)}, missing: [""]}}  # or: {classes}',
        ], []
    return [f"missing_target: drop  # {of}"], [f"{of} ({called(target)}) and are left out"]


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


def _missing(values: list[str]) -> int:
    return len(values) - len(present_of(values))


def _guess_target(uri: str, columns: Sequence[str]) -> tuple[str, str]:
    """Which column a user most likely wants predicted, and why."""
    by_name = {name.casefold(): name for name in reversed(columns)}
    stem = Path(uri.rstrip("/")).stem.casefold()
    for word in (stem, *reversed(re.split(r"[\W_]+", stem))):
        if word and word in by_name:
            return by_name[word], "a guess: the table is called so"
    for word in TARGETS:
        if word in by_name:
            return by_name[word], "a guess by its name"
    return columns[-1], "a guess: the last column"


def _task(values: list[str]) -> tuple[str, str]:
    present = present_of(values)
    classes = classes_of(present)
    if len(classes) <= 2:
        # A text may hold a line break, which would end the comment.
        shown = [c if PLAIN_NUMBER.fullmatch(c) else in_yaml(c) for c in classes]
        return "binary", f"its values are {', '.join(shown)}"
    numbers = are_numbers(set(classes)) and not any(map(CODE.fullmatch, classes))
    if numbers and len(classes) <= FEW and len(set(map(float, classes))) < len(classes):
        numbers = False  # 2.1 and 2.10 are versions
    fractions = not all(float(c).is_integer() for c in classes) if numbers else False
    if numbers and (len(classes) > min(FEW, len(present) // ROWS_A_CLASS) or fractions):
        return "regression", f"its values are {len(classes)} numbers"
    return "multiclass", f"it has {len(classes)} different {WHOLE_NUMBERS if numbers else 'texts'}"

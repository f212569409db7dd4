"""The feature schema: which columns are read, of which kind each is, and which one is predicted.

It is written as YAML, travels as a plain dict, and is checked here before any data is read:

    target: Survived
    task: binary                    # or multiclass, regression
    columns:                        # in the order of the model's inputs
      - {name: Age, kind: numeric, impute: mean, min: 0, max: 120}
      - {name: Sex, kind: categorical, values: [female, male]}
      - {name: Port, kind: categorical, encoding: onehot, rare: 10, impute: unknown}
      - {name: Alone, kind: boolean}
      - {name: Boarded, kind: datetime, parts: [month, weekday]}
      - {name: Ticket, kind: drop}  # says that it is left out on purpose
    split: random                   # or stratified, {group: COLUMN}, {time: COLUMN}
    missing_target: refuse          # or drop, which leaves out the rows that have no target

| key      | of kind              | what it sets                                                  |
|----------|----------------------|---------------------------------------------------------------|
| impute   | numeric              | median (default), mean, or the number that stands in          |
| impute   | categorical, boolean | the text that stands in; the most frequent, if not given      |
| impute   | datetime             | the date that stands in; the median, if not given             |
| encoding | categorical          | ordinal (default): a level's place in sorted order; or onehot |
| rare     | categorical          | levels of fewer training rows share one code                  |
| values   | categorical          | no other level is allowed                                     |
| min, max | numeric              | no number beyond is allowed                                   |
| parts    | datetime             | year, month, day, weekday (0: Monday), hour; default: no hour |

A level that training lacks has the next code as ordinal; as onehot zeros, or the column of the
rare ones. A column becomes one column of X for each level (onehot) or part. There may be 100,000
levels as ordinal, 1,000 as onehot, and 10,000 classes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from trainer.errors import InputError
from trainer.task_kinds import TASKS
from vertex_tabular.schema.values import date_of, is_boolean

MISSING_TARGET = ("refuse", "drop")
PARTS = ("year", "month", "day", "weekday", "hour")
# By kind, the keys that a column may have beside name and kind.
KEYS = {
    "numeric": ("impute", "min", "max"),
    "categorical": ("impute", "encoding", "rare", "values"),
    "boolean": ("impute",),
    "datetime": ("impute", "parts"),
    "drop": (),
}


@dataclass(frozen=True)
class Column:
    """One column of the table; its fields are the keys described above."""

    name: str
    kind: str
    impute: str | float | None = None
    encoding: str = "ordinal"
    rare: int = 0
    values: tuple[str, ...] = ()
    min: float = float("-inf")
    max: float = float("inf")
    parts: tuple[str, ...] = PARTS[:4]


@dataclass(frozen=True)
class Schema:
    """The columns that become features, in the order of the features, and the target."""

    cure_of_no_target: ClassVar[str] = "with `missing_target: drop` such rows are left out"

    target: str
    task: str
    columns: tuple[Column, ...]
    split: str = "random"
    split_column: str | None = None
    missing_target: str = "refuse"

    @property
    def read(self) -> tuple[Column, ...]:
        """Every column that is read: the features', the one that the split needs, the target."""
        columns = list(self.columns)
        if self.split_column and self.split_column not in [column.name for column in columns]:
            kind = "datetime" if self.split == "time" else "categorical"
            columns.append(Column(self.split_column, kind))
        columns.append(Column(self.target, "categorical" if self.classifies else "numeric"))
        return tuple(columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(column.name for column in self.read)

    @property
    def numeric(self) -> frozenset[str]:
        """The columns that are read as numbers; the others that are read are text."""
        return frozenset(column.name for column in self.read if column.kind == "numeric")

    @property
    def complete(self) -> frozenset[str]:
        """The columns in which nothing may be missing."""
        columns = {self.split_column} if self.split_column else set()
        return frozenset(columns if self.drops else {*columns, self.target})

    @property
    def drops(self) -> bool:
        """Whether rows without a target are left out, rather than refused."""
        return self.missing_target == "drop"

    @property
    def classifies(self) -> bool:
        """Whether the target is one of several classes, rather than a number."""
        return self.task != "regression"


def parse_schema(content: Mapping[str, object]) -> Schema:
    """Checks a schema as it was read from YAML or JSON.

    Raises:
        InputError: a key or value is missing, unknown or of the wrong type; the message has one
            line for each.
    """
    problems: list[str] = []
    optional = ("task", "split", "missing_target")
    _check_keys(problems, "the schema", content, ("target", "columns"), optional)
    target = content.get("target")
    if "target" in content and not isinstance(target, str):
        problems.append(f"target must be a column's name, got {target!r}")
    task = content.get("task", "binary")
    if task not in TASKS:
        problems.append(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    entries = content.get("columns")
    if not isinstance(entries, list) or not entries:
        problems.append(
            "columns must be a list such as [{name: Age, kind: numeric}], got "
            f"{type(entries).__name__}"
        )
        entries = []
    parsed = [column for entry in entries if (column := _parse_column(problems, entry))]
    names = [column.name for column in parsed]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"columns must name each column once, got {name} is there twice")
    columns = tuple(column for column in parsed if column.kind != "drop")
    if target in [column.name for column in columns]:
        problems.append(f"target must not be one of the columns, got {target}")
    if parsed and not columns:
        problems.append("columns must have one that is not dropped, got all are")
    split, split_column = _parse_split(problems, content.get("split", "random"), columns)
    if split == "stratified" and task == "regression":
        problems.append("split must not be stratified where the task is regression, got it is")
    if split_column is not None and split_column == target:
        problems.append(f"split must not be by the target, got {target}")
    missing_target = content.get("missing_target", MISSING_TARGET[0])
    if missing_target not in MISSING_TARGET:
        problems.append(
            f"missing_target must be {' or '.join(MISSING_TARGET)}, got {missing_target!r}"
        )
    if problems:
        raise InputError("\n".join(problems))
    return Schema(str(target), str(task), columns, split, split_column, str(missing_target))


def _parse_split(
    problems: list[str], value: object, columns: tuple[Column, ...]
) -> tuple[str, str | None]:
    if value in ("random", "stratified"):
        return str(value), None
    if isinstance(value, Mapping) and len(value) == 1:
        ((how, name),) = value.items()
        if how in ("group", "time") and isinstance(name, str):
            kinds = {column.name: column.kind for column in columns}
            if how == "time" and kinds.get(name, "datetime") not in ("datetime", "numeric"):
                problems.append(
                    f"split by time needs a datetime or numeric column, got {name} is {kinds[name]}"
                )
            return how, name
    problems.append(
        f"split must be random, stratified, {{group: COLUMN}} or {{time: COLUMN}}, got {value!r}"
    )
    return "random", None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _texts(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0


# By key, what its value must be: in words, and as a test.
RULES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "encoding": ("ordinal or onehot", lambda value: value in ("ordinal", "onehot")),
    "rare": (
        "a whole number above 0",
        lambda value: _number(value) and float(str(value)).is_integer() and float(str(value)) > 0,
    ),
    "values": ("a list of levels", _texts),
    "min": ("a number", _number),
    "max": ("a number", _number),
    "parts": (
        f"a list of {', '.join(PARTS)}",
        lambda value: isinstance(value, list) and value != [] and all(p in PARTS for p in value),
    ),
}


IMPUTES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "numeric": (
        "median, mean or a number",
        lambda value: value in ("median", "mean") or _number(value),
    ),
    "categorical": ("a level", lambda value: isinstance(value, str | int | float)),
    "boolean": ("true or false", lambda value: is_boolean(str(value))),
    "datetime": ("a date such as 2026-11-23", lambda value: date_of(str(value)) is not None),
}


def _parse_column(problems: list[str], entry: object) -> Column | None:
    """One column, or None where its problems are told."""
    if not isinstance(entry, Mapping):
        problems.append(f"a column must be a mapping with name and kind, got {entry!r}")
        return None
    before = len(problems)
    name, kind = entry.get("name"), entry.get("kind")
    if not isinstance(name, str):
        problems.append(f"a column must have a name, got {dict(entry)}")
    elif not isinstance(kind, str) or kind not in KEYS:
        problems.append(f"kind of {name} must be one of {', '.join(KEYS)}, got {kind!r}")
    else:
        _check_keys(problems, f"{kind} column {name}", entry, ("name", "kind"), KEYS[kind])
        for key, value in entry.items():
            rule, holds = RULES.get(key, ("", lambda _: True))
            if key == "impute":
                rule, holds = IMPUTES[kind]
            if not holds(value):
                problems.append(f"{key} of {name} must be {rule}, got {value!r}")
        low, high = entry.get("min", float("-inf")), entry.get("max", float("inf"))
        if _number(low) and _number(high) and low > high:
            problems.append(f"min of {name} must be at most its max, got {low} and {high}")
    if len(problems) > before:
        return None
    known = {field.name for field in fields(Column)}
    given = {key: value for key, value in entry.items() if key in known}
    return Column(**{key: _frozen(key, value, str(kind)) for key, value in given.items()})


def _frozen(key: str, value: object, kind: str) -> Any:
    """A value as `Column` holds it. YAML makes numbers of levels such as 1; they are text."""
    if key == "values" and isinstance(value, list):
        return tuple(str(level) for level in value)
    if key == "parts" and isinstance(value, list):
        return tuple(part for part in PARTS if part in value)
    if key == "impute" and kind != "numeric":
        return str(value)
    return int(float(str(value))) if key == "rare" else value


def _check_keys(
    problems: list[str],
    where: str,
    content: Mapping[str, object],
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> None:
    for key in required:
        if key not in content:
            problems.append(f"{where} must have {key}, got there is none")
    for key in content:
        if key not in required + optional:
            allowed = ", ".join(required + optional)
            problems.append(f"{where} may have {allowed}, got {key!r}")

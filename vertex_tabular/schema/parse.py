"""Checks a feature schema as it was read from YAML or JSON, and makes a `Schema` of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from trainer.errors import InputError
from trainer.tasks.kinds import TASKS
from vertex_tabular.schema.rules import IMPUTES, KEYS, RULES, is_number
from vertex_tabular.schema.schema import PARTS, Column, Schema

MISSING_TARGET = ("refuse", "drop")


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
    for name in sorted(name for name, times in Counter(names).items() if times > 1):
        problems.append(f"columns must name each column once, got {name} twice")
    columns = tuple(column for column in parsed if column.kind != "drop")
    if target in [column.name for column in columns]:
        problems.append(f"target must not be one of the columns, got {target}")
    if parsed and not columns:
        problems.append("columns must have one that is not dropped, got none")
    split, split_column = _parse_split(problems, content.get("split", "random"), columns)
    if split == "stratified" and task == "regression":
        problems.append(
            "split must not be stratified if the task is regression, got stratified; use random"
        )
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
                    f"split by time needs a datetime or numeric column, got {kinds[name]} {name}"
                )
            return how, name
    problems.append(
        f"split must be random, stratified, {{group: COLUMN}} or {{time: COLUMN}}, got {value!r}"
    )
    return "random", None


def _parse_column(problems: list[str], entry: object) -> Column | None:
    """One column, or None if it has problems."""
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
        if is_number(low) and is_number(high) and low > high:
            problems.append(f"min of {name} must be at most its max, got {low} and {high}")
    if len(problems) > before:
        return None
    known = {field.name for field in fields(Column)}
    given = {key: value for key, value in entry.items() if key in known}
    return Column(**{key: _frozen(key, value, str(kind)) for key, value in given.items()})


def _frozen(key: str, value: object, kind: str) -> Any:
    """A value as `Column` holds it. YAML makes numbers of categories such as 1; they are text."""
    if key == "values" and isinstance(value, list):
        return tuple(str(category) for category in value)
    if key == "parts" and isinstance(value, list):
        return tuple(part for part in PARTS if part in value)
    if key == "impute" and kind != "numeric":
        return str(value)
    return int(float(str(value))) if key == "min_frequency" else value


def _check_keys(
    problems: list[str],
    where: str,
    content: Mapping[str, object],
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> None:
    for key in required:
        if key not in content:
            problems.append(f"{where} must have {key}, got {', '.join(content) or 'no key'}")
    for key in content:
        if key not in required + optional:
            allowed = ", ".join(required + optional)
            problems.append(f"{where} may have {allowed}, got {key!r}")

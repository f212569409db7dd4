"""Checks a feature schema as it was read from YAML or JSON, and makes a `Schema` of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from trainer.errors import InputError
from trainer.tasks.kinds import TASKS
from vertex_tabular.schema.rules import KEYS, MISSING_WORDS, is_number, rule_of, text_of_boolean
from vertex_tabular.schema.schema import PARTS, Column, Schema
from vertex_tabular.schema.values import MISSING, quoted

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
    target, missing = _parse_target(problems, content)
    task = content.get("task", "binary")
    if task not in TASKS:
        problems.append(f"task must be one of {', '.join(TASKS)}, got {quoted(task)}")
    if task == "regression" and missing is not MISSING:
        problems.append("a target of numbers has no `missing`, got task regression; leave it out")
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
            f"missing_target must be {' or '.join(MISSING_TARGET)}, got {quoted(missing_target)}"
        )
    if problems:
        raise InputError("\n".join(problems))
    return Schema(
        str(target), str(task), columns, split, split_column, str(missing_target), missing
    )


def _parse_target(
    problems: list[str], content: Mapping[str, object]
) -> tuple[object, frozenset[str]]:
    """The target's name, and the texts that mean that it is missing."""
    target = content.get("target")
    if not isinstance(target, Mapping):
        if "target" in content and not isinstance(target, str):
            problems.append(f"target must be a column's name, got {quoted(target)}")
        return target, MISSING
    _check_keys(problems, "target", target, ("name",), ("missing",))
    if "name" in target and not isinstance(target["name"], str):
        problems.append(f"name of target must be a column's name, got {quoted(target['name'])}")
    words = target.get("missing", [])
    if not MISSING_WORDS.holds(words):
        problems.append(f"missing of target must be {MISSING_WORDS.words}, got {quoted(words)}")
        words = []
    given = "missing" in target and isinstance(words, list)
    return target.get("name"), frozenset(map(str, words)) if given else MISSING


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
        "split must be random, stratified, {group: COLUMN} or {time: COLUMN}, got "
        f"{quoted(value)}"
    )
    return "random", None


def _parse_column(problems: list[str], entry: object) -> Column | None:
    """One column, or None if it has problems."""
    if not isinstance(entry, Mapping):
        problems.append(f"a column must be a mapping with name and kind, got {quoted(entry)}")
        return None
    before = len(problems)
    name, kind = entry.get("name"), entry.get("kind")
    if not isinstance(name, str):
        problems.append(f"a column must have a name, got {quoted(dict(entry))}")
    elif not isinstance(kind, str) or kind not in KEYS:
        problems.append(f"kind of {name} must be one of {', '.join(KEYS)}, got {quoted(kind)}")
    else:
        _check_keys(problems, f"{kind} column {name}", entry, ("name", "kind"), KEYS[kind])
        for key, value in entry.items():
            rule = rule_of(key, kind) if key in KEYS[kind] else None
            if rule and not rule.holds(value):
                problems.append(f"{key} of {name} must be {rule.words}, got {quoted(value)}")
        low, high = entry.get("min", float("-inf")), entry.get("max", float("inf"))
        if is_number(low) and is_number(high) and low > high:
            problems.append(f"min of {name} must be at most its max, got {low} and {high}")
    if len(problems) > before:
        return None
    known = {field.name for field in fields(Column)}
    given = {key: value for key, value in entry.items() if key in known}
    column = Column(**{key: _frozen(key, value, str(kind)) for key, value in given.items()})
    if column.kind != "categorical":
        return column
    impute = column.impute if column.impute is None else column.kept(str(column.impute))
    return replace(column, impute=impute, values=tuple(map(column.kept, column.values)))


def _frozen(key: str, value: object, kind: str) -> Any:
    """A value as `Column` holds it. JSON has numbers where a category is 1; they are text."""
    if key == "values" and isinstance(value, list):
        return tuple(str(category) for category in value)
    if key == "missing" and isinstance(value, list):
        return frozenset(str(word) for word in value)
    if key == "indicator":
        return value in (True, "true")
    if key == "parts" and isinstance(value, list):
        return tuple(part for part in PARTS if part in value)
    if key == "impute" and kind != "numeric":
        return text_of_boolean(value) if kind == "boolean" else str(value)
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
            problems.append(f"{where} may have {allowed}, got {quoted(key)}")

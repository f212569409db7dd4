"""The JSON of a payload: what of it is known, what counts, and the places in it."""

import re
from typing import Any, TypeAlias

from pipelines.lint.pipeline import PLACEHOLDER

Path: TypeAlias = tuple[str | int, ...]  # names of fields, and places in lists


def as_text(path: Path) -> str:
    """`job_spec.worker_pool_specs[0].replica_count`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def nested(path: Path, value: Any) -> Any:
    """A payload of nothing but the value at its path."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def is_said(value: Any) -> bool:
    """Whether a value says something whatever the run's parameters are."""
    if isinstance(value, dict):
        return any(is_said(item) for item in value.values())
    if isinstance(value, list):
        return any(is_said(item) for item in value)
    return bool(value) and not (isinstance(value, str) and PLACEHOLDER in value)


def has_gap(value: Any, field: str) -> bool:
    """Whether a field, or what it stands in, gets its value in the run, or was refused."""
    value = snake_case(value)
    for step in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
        if value is None or (isinstance(value, str) and PLACEHOLDER in value):
            return True
    return False


def forget(content: Any, path: Path) -> None:
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = None


def without_empty(value: Any) -> Any:
    """Without empty values, which the launcher leaves out first, and without unknown ones, null."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item}
    if isinstance(value, list):
        items = [without_empty(item) for item in value]
        return [item for item in items if item or isinstance(item, (str, int, float))]
    return value


def whole_numbers(value: Any) -> Any:
    """3.0, as a compiled YAML writes an integer, as 3; Vertex AI does that too."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def snake_case(value: Any) -> Any:
    """With fields in snake_case, which Vertex AI also takes in camelCase."""
    if isinstance(value, dict):
        return {
            re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower(): snake_case(item)
            for key, item in value.items()
        }
    return [snake_case(item) for item in value] if isinstance(value, list) else value

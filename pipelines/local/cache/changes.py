"""Where two values differ, in words; of a schema, the columns that do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.lint.pipeline import as_text
from pipelines.local.digests import shown

ABSENT = object()  # None is a value


def changes(name: str, new: Any, old: Any) -> Iterator[str]:
    """Where two values differ: of two mappings, or lists of columns, only the parts that do."""
    if isinstance(new, list) and isinstance(old, list) and (_named(new) and _named(old)):
        new, old = _named(new), _named(old)
        if new.keys() == old.keys() and list(new) != list(old):
            yield f"{name} is in another order"
    if isinstance(new, dict) and isinstance(old, dict):
        for key in sorted({*new, *old}):
            yield from changes(f"{name}.{key}", new.get(key, ABSENT), old.get(key, ABSENT))
    elif old is ABSENT:
        yield f"{name} is new"
    elif new is ABSENT:
        yield f"{name} is gone"
    elif new != old:
        yield f"{name} is {_text(new)}, was {_text(old)}"


def short(fingerprint: str) -> str:
    """As much of a fingerprint as tells two apart."""
    kind, _, digest = fingerprint.partition(":")
    return f"{kind}:{digest[:8]}…"


def _named(values: list[Any]) -> dict[str, Any]:
    """The columns of a schema by name; empty when the list is another one."""
    if all(isinstance(value, dict) and "name" in value for value in values):
        return {value["name"]: value for value in values}
    return {}


def _text(value: Any) -> str:
    if isinstance(value, str) and value.startswith("/"):
        return shown(Path(value))
    return as_text(value) or '""'

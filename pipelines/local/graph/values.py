"""Values of parameters as a task gets them: of the type that its component declares."""

import json
import re
from collections.abc import Mapping
from typing import Any

from trainer.errors import TabularError

SELECTOR = re.compile(r'parseJson\(string_value\)((?:\["[^"]*"\])+)')
KEY = re.compile(r'\["([^"]*)"\]')


def whole(value: Any) -> Any:
    """A constant of a YAML, which writes 3 as 3.0, as the platform hands it to a step."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return value


def cast(value: Any, kind: str) -> Any:
    """A value as its parameter's type has it.

    Args:
        value: of any type that JSON has.
        kind: a `parameterType`, such as NUMBER_INTEGER; empty for any.

    Raises:
        TabularError: it is none of that type.
    """
    if value is None:
        return None
    try:
        match kind:
            case "NUMBER_INTEGER":
                return int(value)
            case "NUMBER_DOUBLE":
                return float(value)
            case "BOOLEAN" if isinstance(value, str):
                return {"true": True, "false": False}[value.lower()]
            case "STRUCT" | "LIST" if isinstance(value, str):
                return json.loads(value)
            case "STRING" if not isinstance(value, str):
                return as_text(value)
    except (ValueError, TypeError, KeyError):
        raise TabularError(f"a parameter must be {kind}, got {value!r}") from None
    return value


def as_text(value: Any) -> str:
    """A value inside a text, as placeholders have it: what is no text becomes JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def selected(value: Any, selector: str) -> Any:
    """The part of a value that a `parameterExpressionSelector` names.

    Raises:
        TabularError: the value has no such part.
    """
    if not (match := SELECTOR.fullmatch(selector)):
        raise TabularError(f'a selector must be parseJson(string_value)["KEY"], got {selector}')
    for key in KEY.findall(match[1]):
        content = json.loads(value) if isinstance(value, str) else value
        if not isinstance(content, Mapping) or key not in content:
            raise TabularError(f"an item must have the key {key}, got {as_text(value)[:200]}")
        value = content[key]
    return value

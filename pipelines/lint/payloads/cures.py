"""What to write in place of a value that one of Google's messages does not take."""

import difflib
import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

_SHOWN = 12  # names of fields or values that a cure lists


def nearest(wrong: str, names: Sequence[str]) -> str | None:
    """The name that was most likely meant.

    The last word counts most: of NVIDIA_TESLA_L4, `L4` says which accelerator is meant.
    """
    word = re.sub(r"\W", "_", wrong).upper()
    same = [name for name in names if name.upper().split("_")[-1] == word.split("_")[-1]]
    spelled = {name.upper(): name for name in same or names}
    close = difflib.get_close_matches(word, spelled, 1, cutoff=0 if same else 0.75)
    return spelled[close[0]] if close else None


def meant_field(key: str, names: Sequence[str]) -> str | None:
    """The field that was most likely meant by a name that the message does not have."""
    snake = _snake_case(key)
    return snake if snake in names else next(iter(difflib.get_close_matches(snake, names, 1)), None)


def unknown_field(key: str, names: Sequence[str]) -> str:
    """For a name that the message does not have."""
    meant = meant_field(key, names)
    if meant is None:
        return f"Remove it, or write one of: {_listed(names)}."
    if meant == _snake_case(key):
        return f"Write {meant}: the launcher knows the fields by their snake_case names only."
    return f"Write {meant}."


def a_list(field: FieldDescriptor, value: Any) -> str:
    """For what stands in place of a list."""
    if isinstance(value, dict) and _is_named(field.message_type):
        pairs = [{"name": name, "value": str(item)} for name, item in value.items()]
        return f"Write a list, {json.dumps(pairs, ensure_ascii=False)}."
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError:
            words = [value]
        return f"Write a list of strings, {json.dumps(words, ensure_ascii=False)}."
    return f"Write a list, {json.dumps([value], ensure_ascii=False)}."


def an_object(message: Descriptor, value: Any) -> str:
    """For what stands in place of a message."""
    if isinstance(value, str) and "=" in value and _is_named(message):
        name, _, text = value.partition("=")
        return f"Write {json.dumps({'name': name, 'value': text}, ensure_ascii=False)}."
    return f"Write an object with some of: {_listed([field.name for field in message.fields])}."


def of_value(field: FieldDescriptor, value: Any) -> str:
    """For a value that its field does not take."""
    if field.enum_type is not None:
        names = [each.name for each in field.enum_type.values if each.number]
        close = nearest(str(value), names)
        return f"Write {close}." if close else f"Write one of: {_listed(names)}."
    kind = field.message_type.full_name if field.message_type is not None else ""
    if kind == "google.protobuf.Duration":
        return f'Write seconds as a string that ends in s, "{_seconds(value)}s".'
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        text = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
        return f"Write a string, {json.dumps(text)}; of a parameter, f'--epochs={{epochs}}'."
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "Write true or false, without quotes."
    return (
        "Write the number itself, without quotes. A parameter that is nested in a list or an "
        "object arrives as a string: use a container component whose payload has the placeholder "
        "outside quotes."
    )


def _seconds(value: Any) -> str:
    """Of a text like 90, 90m or 2 hours; an hour of what cannot be read."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *(s|m|h|d)?\w*", str(value))
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86400}[(match and match[2]) or "s"]
    return f"{float(match[1]) * factor:.15g}" if match else "3600"


def _snake_case(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()


def _is_named(message: Descriptor | None) -> bool:
    return message is not None and {"name", "value"} <= set(message.fields_by_name)


def _listed(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

"""How a file that cannot be used is reported, whatever its damage: `FILE must be …, got …; …`.

`reading` turns what parsers raise of damaged files into that one line, `read_json` reads a document
whose form a type hint says, and `typed` compares the two.
"""

import contextlib
import json
import re
import struct
import sys
import tokenize
import types
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from trainer.errors import TabularError

Form = TypeVar("Form")

# What the parsers of JSON, YAML, npz and their like raise of damaged input. RuntimeError is of zip
# members that are encrypted, of methods that are unknown, and of nesting that is too deep.
DAMAGE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError),
    *(struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
MAX_REASON = 300  # characters
MAX_DEPTH = 100  # of values within values
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@contextlib.contextmanager
def reading(
    source: str | Path, form: str, cure: str = "", error: type[TabularError] = TabularError
) -> Iterator[None]:
    """Reports that `source` is not of its `form`, with a `cure`, where the block finds it damaged.

    Raises:
        TabularError: or `error`, a subclass. One that the block itself raises passes.
    """
    try:
        yield
    except DAMAGE as damage:
        end = f"; {cure}" if cure else ""
        raise error(f"{source} must be {form}, got {_reason(damage)}{end}") from damage


def _reason(damage: BaseException) -> str:
    match damage:
        case OSError(strerror=str(reason)):
            return reason
        case RecursionError():
            return "values nested too deep"
        case MemoryError():
            return "more than the memory holds"
        case KeyError(args=(missing,)):
            return f"no {missing}"
    reason = " ".join(str(damage).split()) or type(damage).__name__
    return reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - 3]}..."


def read_json(
    path: Path,
    hint: type[Form],
    form: str,
    cure: str = "",
    error: type[TabularError] = TabularError,
) -> Form:
    """The content of a JSON file, as `typed` makes it of `hint`.

    Raises:
        TabularError: or `error`: the file is missing, or is not of that form.
    """
    with reading(path, form, cure, error):
        content: Form = typed(hint, parse_json(path.read_bytes()))
    return content


def parse_json(data: bytes) -> Any:
    """The value of a JSON text. One that holds half a character, which no output can show, is
    refused.

    Raises:
        ValueError, RecursionError: it is none.
    """
    content = json.loads(data)
    if SURROGATE.search(data):
        json.dumps(content, ensure_ascii=False).encode()
    return content


def typed(hint: Any, value: Any, place: str = "") -> Any:
    """A value that JSON or YAML gave, if it is of a type: of a dataclass, an instance of it. Keys
    that a dataclass does not have are left out, and a whole number is also a float.

    Args:
        hint: a dataclass, float, int, str, bool, None, Any, a Literal, a union of these, or a
            list or dict of them.
        value: plain data.
        place: where in the document it is, for the message.

    Raises:
        ValueError: it is of another type; the message says where.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        for one in arguments:
            with contextlib.suppress(ValueError):
                return typed(one, value, place)
    elif origin is Literal:
        if isinstance(value, str) and value in arguments:
            return value
    elif origin is list and isinstance(value, list):
        return [typed(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value)]
    elif origin is dict and isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {k: typed(arguments[1], v, f"{place}.{k}") for k, v in value.items()}
    elif is_dataclass(hint) and isinstance(value, dict):
        return _instance(hint, value, place)
    elif hint in (None, type(None)):
        if value is None:
            return None
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max:  # NaN is not either
            return value
    elif hint is int and isinstance(value, float) and value.is_integer():
        return int(value)
    elif type(value) is hint:
        return value
    raise ValueError(f"{_shown(value)}{f' at {place.lstrip(chr(46))}' if place else ''}")


def _instance(hint: Any, value: dict[Any, Any], place: str) -> Any:
    hints = _hints_of(hint)
    given = {}
    for each in fields(hint):
        if each.name in value:
            given[each.name] = typed(hints[each.name], value[each.name], f"{place}.{each.name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"no {each.name}{f' at {place.lstrip(chr(46))}' if place else ''}")
    return hint(**given)


@cache
def _hints_of(owner: Any) -> dict[str, Any]:
    return get_type_hints(owner)


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

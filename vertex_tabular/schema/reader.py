"""Reads the file of a feature schema: YAML, in UTF-8 whatever the locale."""

import math
import os
import stat
from pathlib import Path
from typing import Any

from trainer.errors import InputError
from vertex_tabular.schema.plain_yaml import Plain, load_plain
from vertex_tabular.schema.rules import wants_number
from vertex_tabular.schema.values import NUMBER

MAX_BYTES = 10 << 20  # of a file that a person writes


def load_yaml(text: str) -> Any:
    """The value of a YAML text: every scalar is text, but for the numbers that a schema's keys
    want.

    Raises:
        ValueError: it is not plain YAML; the message is one line.
    """
    return _with_numbers(load_plain(text))


def _with_numbers(value: Any, key: str = "", kind: object = None) -> Any:
    if isinstance(value, dict):
        kind = value.get("kind")
        return {name: _with_numbers(each, name, kind) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    if not isinstance(value, Plain):
        return value
    if wants_number(key, kind) and NUMBER.fullmatch(value):
        number = float(value)  # infinite, if it is too large, which no rule allows
        return int(value) if math.isfinite(number) and value.lstrip("+-").isdigit() else number
    return str(value)


def read_schema(path: Path) -> dict[str, Any]:
    """The content of a feature schema file, which `parse_schema` checks.

    Raises:
        InputError: there is no such file, or it is not a YAML mapping.
    """
    try:
        schema = load_yaml(read_settings(path, "--schema"))
    except ValueError as error:
        raise InputError(f"--schema must be plain YAML, got {path}: {error}") from None
    if not isinstance(schema, dict):
        raise InputError(f"--schema must hold `target` and `columns`, got {path} without them")
    return schema


def read_settings(path: Path, name: str) -> str:
    """The text of a file that a person writes, called `name` in messages; UTF-8, with or without a
    byte order mark.

    Raises:
        InputError: it is no regular file, cannot be read, is not UTF-8 or too long.
    """
    try:
        # Without waiting for the other end of a pipe.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{name} must be a file, got {path}: it is a pipe or a device")
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{name} must be a file, got {path}: {reason}") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{name} must have at most {MAX_BYTES} bytes, got more in {path}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} must be UTF-8, got {path}: {error}") from None

"""What each key of a schema's column may hold."""

import math
from collections.abc import Callable

from vertex_tabular.schema.schema import PARTS
from vertex_tabular.schema.values import date_of, is_boolean

# By kind, the keys that a column may have beside name and kind.
KEYS = {
    "numeric": ("impute", "min", "max"),
    "categorical": ("impute", "encoding", "min_frequency", "values"),
    "boolean": ("impute",),
    "datetime": ("impute", "parts"),
    "drop": (),
}


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# By key, what its value must be: in words, and as a test.
RULES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "encoding": ("ordinal or onehot", lambda value: value in ("ordinal", "onehot")),
    "min_frequency": (
        "a whole number above 0",
        lambda value: is_number(value) and float(str(value)).is_integer() and float(str(value)) > 0,
    ),
    "values": (
        "a list of categories",
        lambda value: isinstance(value, list) and len(value) > 0,
    ),
    "min": ("a number", is_number),
    "max": ("a number", is_number),
    "parts": (
        f"a list of {', '.join(PARTS)}",
        lambda value: isinstance(value, list) and value != [] and all(p in PARTS for p in value),
    ),
}


IMPUTES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "numeric": (
        "median, mean or a number",
        lambda value: value in ("median", "mean") or is_number(value),
    ),
    "categorical": ("a category", lambda value: isinstance(value, str | int | float)),
    "boolean": ("true or false", lambda value: is_boolean(str(value))),
    "datetime": ("a date such as 2026-11-23", lambda value: date_of(str(value)) is not None),
}

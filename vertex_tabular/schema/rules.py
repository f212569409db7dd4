"""What each key of a schema's column may hold: in words, as a test, and as JSON Schema.

What JSON Schema cannot say, `vertex_tabular.schema.parse` checks alone: what two keys together must
be, and whether a date is in the calendar.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vertex_tabular.schema.dates import DATE, ORDERS, date_of
from vertex_tabular.schema.schema import PARTS
from vertex_tabular.schema.values import BOOLEANS, is_boolean

# By kind, the keys that a column may have beside name and kind.
KEYS = {
    "numeric": ("impute", "min", "max", "indicator"),
    "categorical": ("impute", "encoding", "min_frequency", "values", "missing", "indicator"),
    "boolean": ("impute", "indicator"),
    "datetime": ("impute", "parts", "order", "indicator"),
    "drop": (),
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """What a value must be.

    Attributes:
        words: after "must be".
        holds: whether a value is that.
        json: the same in JSON Schema, of the value as YAML 1.2 reads it.
    """

    words: str
    holds: Callable[[object], bool]
    json: Json


def is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def is_text(value: object) -> bool:
    """Whether a value is a text, or what YAML and JSON may have made of one without quotes."""
    return isinstance(value, str | bool) or is_number(value)


def wants_number(key: str, kind: object) -> bool:
    """Whether a key of a column of a kind holds a number, if it looks like one."""
    return key in ("min", "max", "min_frequency") or (key == "impute" and kind == "numeric")


def _one_of(*allowed: str) -> Rule:
    words = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
    return Rule(words, lambda value: value in allowed, {"enum": list(allowed)})


def _any_case(text: str) -> str:
    """A pattern of a text in any case; JavaScript, which runs it in editors, has no flag within."""
    return "".join(f"[{c.lower()}{c.upper()}]" for c in text)


def _is_list(value: object, of: Callable[[object], bool], least: int = 1) -> bool:
    return isinstance(value, list) and len(value) >= least and all(map(of, value))


NUMBER_JSON: Json = {"type": "number"}
TEXT: Rule = Rule("a text", is_text, {"type": ["string", "number", "boolean"]})
MISSING_WORDS = Rule(
    'a list of texts such as [""]',
    lambda value: _is_list(value, is_text, 0),
    {"type": "array", "items": TEXT.json},
)


def text_of_boolean(value: object) -> str:
    """A value of a boolean column as text; -0.0 is 0, which JSON cannot tell from it."""
    return "0" if is_number(value) and not value else str(value)


TRUE_OR_FALSE = Rule(
    "true or false",
    lambda value: value in (True, False, "true", "false") and not is_number(value),
    {"enum": [True, False, "true", "false"]},
)

# By key, the rule of its value.
RULES: dict[str, Rule] = {
    "encoding": _one_of("ordinal", "onehot"),
    "indicator": TRUE_OR_FALSE,
    "min_frequency": Rule(
        "a whole number above 0",
        lambda value: is_number(value) and float(str(value)).is_integer() and float(str(value)) > 0,
        {"type": "integer", "exclusiveMinimum": 0},
    ),
    "values": Rule(
        "a list of categories",
        lambda value: _is_list(value, is_text),
        {"type": "array", "items": TEXT.json, "minItems": 1},
    ),
    "missing": MISSING_WORDS,
    "min": Rule("a number", is_number, NUMBER_JSON),
    "max": Rule("a number", is_number, NUMBER_JSON),
    "order": _one_of(*ORDERS),
    "parts": Rule(
        f"a list of {', '.join(PARTS)}",
        lambda value: _is_list(value, lambda part: part in PARTS),
        {"type": "array", "items": {"enum": list(PARTS)}, "minItems": 1},
    ),
}


IMPUTES: dict[str, Rule] = {
    "numeric": Rule(
        "median, mean or a number",
        lambda value: value in ("median", "mean") or is_number(value),
        {"anyOf": [{"enum": ["median", "mean"]}, NUMBER_JSON]},
    ),
    "categorical": Rule("a category", is_text, TEXT.json),
    "boolean": Rule(
        "true or false",
        lambda value: is_boolean(text_of_boolean(value)),
        {
            "anyOf": [
                {"type": "boolean"},
                {"enum": [0, 1]},
                {"type": "string", "pattern": f"^(?:{'|'.join(map(_any_case, BOOLEANS))})$"},
            ]
        },
    ),
    "datetime": Rule(
        "a date such as 2026-11-23",
        lambda value: date_of(str(value)) is not None,
        {"type": "string", "pattern": f"^{DATE.pattern}$"},
    ),
}


def rule_of(key: str, kind: str) -> Rule | None:
    """The rule of a key of a column of a kind; None of those that every column has."""
    return IMPUTES[kind] if key == "impute" else RULES.get(key)

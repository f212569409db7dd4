"""Settings as the fields of a dataclass: each is written once, with its default, parser, rule and
help text, and flags, parameters of the pipeline and checks are made from the fields.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.errors import InputError


def parse_int(text: str) -> int:
    """A whole number, also when written `5.0`: numbers in a KFP pipeline are doubles, and a whole
    one can arrive here with its fraction."""
    if text.lstrip("+-").isdecimal():
        return int(text)
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


def parse_choice(text: str) -> bool | None:
    """`true`, `false`, or nothing, which is None."""
    return parse_bool(text) if text not in ("", "None") else None


def parse_bool(text: str) -> bool:
    """`true` or `false` in any case: Python's `str(True)` and JSON's `true` both arrive here."""
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def parse_hidden(text: str) -> tuple[int, ...] | None:
    """`64,32` -> (64, 32); `linear` is no hidden layer, (); nothing is None."""
    if text == "linear":
        return ()
    return tuple(parse_int(part) for part in text.split(",")) if text else None


# What each parser takes, in words that complete "--flag must be …".
FORMS: dict[Callable[[str], Any], str] = {
    str: "a text",
    float: "a number",
    parse_int: "a whole number",
    parse_bool: "true or false",
    parse_choice: "true or false",
    parse_hidden: "whole numbers, as in 64,32",
}


@dataclass(frozen=True)
class Rule:
    """What a value must be, in words that complete "--flag must be …"."""

    words: str
    holds: Callable[[Any], bool]


POSITIVE = Rule("positive", lambda value: 0 < value < float("inf"))
NOT_NEGATIVE = Rule("zero or more", lambda value: 0 <= value < float("inf"))
SEED = Rule("from 0 to 2**63 - 1", lambda value: 0 <= value < 2**63)
FRACTION = Rule("at least 0 and below 1", lambda value: 0 <= value < 1)
ANY = Rule("given", lambda value: True)


def or_own(rule: Rule, own: Any) -> Rule:
    """A rule, or the value that stands for the model's own."""
    return Rule(rule.words, lambda value: value == own or rule.holds(value))


def one_of(*values: str) -> Rule:
    """One of several texts."""
    return Rule("one of " + ", ".join(value or '""' for value in values), lambda v: v in values)


def setting(
    help: str,
    default: Any = dataclasses.MISSING,
    parse: Callable[[str], Any] = str,
    rule: Rule = ANY,
    **metadata: Any,
) -> Any:
    """A field with all that its flag, its parameter and its check need.

    Args:
        help: what it sets: a phrase, without a full stop.
        default: required if not given.
        parse: makes the value of a text; one of `FORMS`.
        rule: what the value must be.
        metadata: what else the dataclass needs to know of it.
    """
    known = {"help": help, "parse": parse, "rule": rule, **metadata}
    return dataclasses.field(default=default, metadata=known)


def flag_of(name: str) -> str:
    """A setting as a command line names it."""
    return f"--{name}"


def check_values(
    owner: Any, values: Mapping[str, Any], label: Callable[[str], str] = flag_of
) -> None:
    """Checks values of the fields of a dataclass, or of an instance of it.

    Args:
        owner: the dataclass.
        values: by the fields' names; not every field needs one.
        label: what a message calls a setting, as the user named it.

    Raises:
        InputError: a value breaks its rule.
    """
    for field in dataclasses.fields(owner):
        if field.name in values:
            rule, value = field.metadata["rule"], values[field.name]
            if not rule.holds(value):
                raise InputError(f"{label(field.name)} must be {rule.words}, got {text_of(value)}")


def parse_value(owner: Any, name: str, text: str, label: Callable[[str], str] = flag_of) -> Any:
    """The value that a text gives the field `name` of a dataclass; its rule is not checked.

    Raises:
        InputError: the text is not of the field's form.
    """
    parse = owner.__dataclass_fields__[name].metadata["parse"]
    try:
        if parse is not str and ("_" in text or not text.isascii()):
            raise ValueError(text)  # Python would take 1_000, and the digits of other scripts
        return parse(text)
    except (ValueError, OverflowError):
        raise InputError(f"{label(name)} must be {FORMS[parse]}, got {text}") from None


def check_given(
    owner: Any, values: Mapping[str, Any], label: Callable[[str], str] = flag_of
) -> None:
    """Checks values that a user gave, who does not mean the model's own by them.

    Args:
        owner, values, label: as `check_values` takes them.

    Raises:
        InputError: a value breaks the rule of a setting of which each model has its own value.
    """
    for field in dataclasses.fields(owner):
        rule = field.metadata.get("own", ANY)
        if field.name in values and not rule.holds(value := values[field.name]):
            raise InputError(
                f"{label(field.name)} must be {rule.words}, got {text_of(value)}; leave it out for "
                "the model's own"
            )


def parse_values(
    owner: Any, texts: Mapping[str, str], label: Callable[[str], str] = flag_of
) -> dict[str, Any]:
    """The values that texts give fields of a dataclass, by name.

    Raises:
        InputError: a text is not of its field's form, or the value breaks the field's rule.
    """
    values = {name: parse_value(owner, name, text, label) for name, text in texts.items()}
    check_values(owner, values, label)
    return values


def text_of(value: Any) -> str:
    """A value as its flag takes it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "linear"
    return str(value)

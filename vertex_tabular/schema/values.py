"""What a single value of the table may be, and which number it stands for."""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

# What counts as missing: pandas' list, which the reference notebook uses.
MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN")
    + ("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)
BLANKS = " \t"  # around a number they do not matter
EXACT = 2.0**53  # beyond it, float64 does not hold every whole number
LARGEST = 1e140  # sums of the squares of numbers up to this are finite
# What Arrow reads as numbers: finite, infinite, and none, which is missing.
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)
WHOLE_WITH_FRACTION = re.compile(r"^([-+]?\d+)\.0*$", re.ASCII)
EXPONENT = re.compile(r"[-+]?\d+(\.\d+)?e[-+]?\d+", re.ASCII)
INFINITE = re.compile(r"[-+]?inf(inity)?", re.ASCII | re.IGNORECASE)
NAN = re.compile(r"[-+]?nan(\(\w*\))?", re.ASCII | re.IGNORECASE)
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def is_missing(text: str, numeric: bool) -> bool:
    """Whether a text stands for no value; among numbers, so do blanks, and NaN may be spelled as
    Arrow reads it."""
    if text in MISSING:
        return True
    return numeric and (not (bare := text.strip(BLANKS)) or NAN.fullmatch(bare) is not None)


def broken_number(text: str) -> str | None:
    """What a number that is not missing should have been ("finite"), or None if it is that."""
    text = text.strip(BLANKS)
    if INFINITE.fullmatch(text):
        return "finite"
    if not NUMBER.fullmatch(text):
        return "a number"
    number = float(text)
    if math.isinf(number):
        return "finite"
    if abs(number) > LARGEST:
        return f"at most {LARGEST:g} in size"
    digits = text.lstrip("+-0")  # Python makes no number of thousands of digits, zeros or not
    if abs(number) >= EXACT and digits.isdigit() and int(digits) > EXACT:
        return "exact in 64 bits, as up to 2^53"
    return None


def is_boolean(text: str) -> bool:
    return text.lower() in BOOLEANS


def part_of(date: datetime, part: str) -> float:
    """A part of a date, as a number; weekdays start with Monday, which is 0."""
    return float(date.weekday() if part == "weekday" else getattr(date, part))


def classes_of(labels: Iterable[str]) -> list[str]:
    """The target's classes, each label once as it is written, in order: by size where all are
    plain numbers, else as text; labels of the same number are in the order of their texts."""
    classes = sorted(set(labels))
    if all(PLAIN_NUMBER.fullmatch(label) for label in classes):
        classes.sort(key=Decimal)  # a float would not tell numbers of 20 digits apart
    return classes


def plain_number(text: str) -> str:
    """A plain number without the fraction of a whole one, so that 1.0 and 1 are the same text; any
    other text as it is."""
    return WHOLE_WITH_FRACTION.sub(r"\1", text)


def plain_decimal(text: str) -> str:
    """A number without an exponent; any other text as it is."""
    return format(Decimal(text), "f") if EXPONENT.fullmatch(text) else text


def quoted(value: object) -> str:
    """A value of a schema as a message shows it: on one line, not endless."""
    if isinstance(value, int) and value.bit_length() > 1023:
        return "inf"  # Python writes no whole number of thousands of digits
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def shortened(text: str) -> str:
    """The beginning of a text that may be endless."""
    return text if len(text) <= 40 else f"{text[:37]}..."

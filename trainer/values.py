"""What a single value of the table may be, and which number it stands for."""

import math
import re
from datetime import datetime

# What counts as missing: pandas' list, which is the lesson's.
MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN")
    + ("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)
EXACT = 2.0**53  # beyond it, float64 does not hold every whole number
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE)
# Python 3.10's `fromisoformat` takes fewer forms than later ones: all take these, up to seconds.
DATE = re.compile(r"(\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?)(\.\d{1,9})?", re.ASCII)
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def broken_number(text: str) -> str | None:
    """What a number that is not missing should have been ("finite"), or None if it is that."""
    if INFINITE.fullmatch(text):
        return "finite"
    if not NUMBER.fullmatch(text):
        return "a number"
    number = float(text)
    if math.isinf(number):
        return "finite"
    if abs(number) >= EXACT and text.lstrip("-").isdigit() and abs(int(text)) > EXACT:
        return "exact in 64 bits, as up to 2^53"
    return None


def is_boolean(text: str) -> bool:
    return text.lower() in BOOLEANS


def date_of(text: str) -> datetime | None:
    """The date and time that an ISO 8601 text without a zone stands for, in seconds, or None."""
    try:
        return datetime.fromisoformat(match[1]) if (match := DATE.fullmatch(text)) else None
    except ValueError:  # as the 31st of February
        return None


def part_of(date: datetime, part: str) -> float:
    """A part of a date, as a number; weekdays start with Monday, which is 0."""
    return float(date.weekday() if part == "weekday" else getattr(date, part))

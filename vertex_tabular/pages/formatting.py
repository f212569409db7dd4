"""Numbers and names as they are read: only as many digits as are known, thousands set apart, and
what is too long cut in the middle, because long names differ at their ends."""

import math
import os
from collections.abc import Sequence

SPACE = "\u00a0"  # at which no line breaks
MINUS = "−"  # noqa: RUF001  (the sign, which is as wide as +)


def places(low: float, high: float) -> int:
    """Decimals that show two digits of half of an interval's width, from 0 to 6; 4 without one."""
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return 4
    return min(max(1 - math.floor(math.log10(half)), 0), 6)


def fixed(value: float, decimals: int, sign: bool = False) -> str:
    """`value` with so many decimals; an en dash where there is none."""
    if not math.isfinite(value):
        return "–"
    value = round(value, decimals) + 0.0  # which makes −0 a 0
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    return text.replace("-", MINUS)


def decimal(value: float, digits: int = 4) -> str:
    """`value` with so many significant digits, never in scientific notation below 1e15."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -6:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    return fixed(value, max(digits - 1 - size, 0))


def plain(value: float, digits: int = 4) -> str:
    """One number by itself: `decimal` without the zeros at its end, whole numbers whole, and four
    digits together, since 2019 may be a year."""
    return together([value], digits)[0]


def together(values: Sequence[float], digits: int = 4) -> list[str]:
    """Numbers that are read side by side, in one format: as many decimals as show `digits`
    significant digits of the largest and two of the others, at most 6 and none of no use; and
    thousands set apart in all of them or in none, from 10,000 on."""
    finite = [abs(value) for value in values if math.isfinite(value) and value]
    largest = max(finite, default=0.0)
    sizes = [math.floor(math.log10(value)) for value in finite if value > largest * 1e-6]
    if any(size >= 15 for size in sizes):
        return [decimal(value, digits) for value in values]
    if largest and largest < 1e-6:
        return [decimal(value, digits) for value in values]
    wanted = max([digits - 1 - max(sizes), *(1 - size for size in sizes)]) if sizes else 0
    decimals = min(max(wanted, 0), 6)
    texts = [fixed(value, decimals) for value in values]
    while decimals and all(text[-1] in "0–" for text in texts):
        decimals -= 1
        texts = [fixed(value, decimals) for value in values]
    return texts if largest >= 10_000 else [text.replace(",", "") for text in texts]


def apart(values: Sequence[float]) -> list[str]:
    """Numbers that bound one another, `together` with so many digits that those that differ look
    different; at most 12."""
    texts: list[str] = []
    for digits in range(4, 13):
        texts = together(values, digits)
        if len(set(texts)) == len(set(values)):
            break
    return texts


def percent(value: float) -> str:
    """A share as a percentage with one decimal; an en dash where there is none."""
    if not math.isfinite(value):
        return "–"
    return f"{fixed(100 * value, 1)}{SPACE}%"


def whole(value: float) -> str:
    """A count."""
    return fixed(value, 0)


def counted(number: int, noun: str) -> str:
    """So many of what a regular noun names: "1 row", "2 rows"."""
    return f"{whole(number)} {noun}{'' if number == 1 else 's'}"


def seconds(value: float | None) -> str:
    """A duration in seconds, or minutes and hours where that is easier to grasp."""
    if value is None:
        return "–"
    if value < 120:
        return f"{value:.1f} s" if value >= 0.1 else f"{value * 1000:.0f} ms"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def shortened(name: str, limit: int = 32) -> str:
    """`name` in at most so many characters: the middle gives way to an ellipsis."""
    if len(name) <= limit:
        return name
    end = (limit - 1) // 2
    return f"{name[: limit - 1 - end]}…{name[len(name) - end :]}"


def distinct(names: Sequence[str], limit: int = 32) -> list[str]:
    """`shortened` names that stay different: those that would be the same keep the part in which
    they differ, in place of the end that they share."""
    short = [shortened(name, limit) for name in names]
    for text in {text for text in short if short.count(text) > 1}:
        alike = [i for i, other in enumerate(short) if other == text]
        begin = len(os.path.commonprefix([names[i] for i in alike]))
        for i in alike:
            part = names[i][max(begin - 2, 0) :][: limit // 2]
            rest = "…" if max(begin - 2, 0) + limit // 2 < len(names[i]) else ""
            short[i] = f"{names[i][: limit - len(part) - 1 - len(rest)]}…{part}{rest}"
    return short

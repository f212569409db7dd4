"""Numbers as they are read: only as many digits as are known, thousands set apart."""

import math

from vertex_tabular.report.bootstrap import Interval

SPACE = "\u00a0"  # at which no line breaks
MINUS = "−"  # noqa: RUF001  (the sign, which is as wide as +)


def places(interval: Interval) -> int:
    """Decimals that show two digits of half the interval's width, from 0 to 6; 4 without one."""
    half = (interval.high - interval.low) / 2
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
    """`decimal` without the zeros at its end, and four digits together: 2019 may be a year."""
    text = decimal(value, digits)
    if abs(value) < 10_000:
        text = text.replace(",", "")
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def percent(value: float) -> str:
    """A share as a percentage with one decimal; an en dash where there is none."""
    if not math.isfinite(value):
        return "–"
    return f"{fixed(100 * value, 1)}{SPACE}%"


def whole(value: float) -> str:
    """A count."""
    return fixed(value, 0)


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

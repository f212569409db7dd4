"""Metrics with their intervals, and gains, as the tables of pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from vertex_tabular.pages import formatting
from vertex_tabular.report.bootstrap import Interval


@dataclass(frozen=True)
class Cell:
    """A metric as text, and its interval; no interval where chance plays no part. `verdict` of a
    gain beyond chance is better or worse."""

    value: str
    interval: str = ""
    verdict: str = ""


def cell(interval: Interval, decimals: int, sign: bool = False) -> Cell:
    """A metric."""
    value = formatting.fixed(interval.value, decimals, sign)
    if not interval.is_known:
        return Cell(value)
    low, high = (formatting.fixed(end, decimals, sign) for end in (interval.low, interval.high))
    return Cell(value, f"{low} to {high}")


def gain_cell(gain: Interval, decimals: int) -> Cell:
    """How much better one is than another, and whether by more than chance."""
    shown = cell(gain, decimals, sign=True)
    return Cell(shown.value, shown.interval, verdict(gain))


def verdict(gain: Interval) -> str:
    """better, worse, or nothing where chance may have made a gain."""
    return ("better" if gain.low > 0 else "worse") if gain.beyond_chance else ""


def decimals_of(intervals: Sequence[Interval]) -> int:
    """Decimals that tell something of each of these."""
    decimals = max(formatting.places(each.low, each.high) for each in intervals)
    # An interval may be so wide that nothing of a small metric would be left.
    return max(decimals, 2) if abs(intervals[0].value) < 1 else decimals

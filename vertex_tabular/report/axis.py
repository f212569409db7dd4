"""One axis of a chart: from values to a position, and the values that are written beside it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Axis:
    """From `low` at position `start` to `high` at position `end`, linear or logarithmic; when
    `whole`, its ticks are whole numbers."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def at(self, values: Array | float) -> Array:
        """The positions of values."""
        low, high = self.low, self.high
        values = np.asarray(values, np.float64)
        if self.log:
            low, high, values = math.log10(low), math.log10(high), np.log10(values)
        places: Array = self.start + (values - low) / (high - low) * (self.end - self.start)
        return places

    def ticks(self, limit: int = 6) -> list[tuple[float, str]]:
        """Positions and labels of round values: 1, 2 or 5 times a power of ten."""
        if self.log:
            values = _powers(self.low, self.high)
            labels = [f"{value:g}" for value in values]
        else:
            values = _round(self.low, self.high, limit, 1.0 if self.whole else 0.0)
            labels = _labels(values)
        return list(zip(self.at(np.array(values)).tolist(), labels, strict=True))


def axis(
    values: Array,
    start: float,
    end: float,
    limits: tuple[float, float] | None = None,
    log: bool = False,
    whole: bool = False,
) -> Axis:
    """An axis that holds all `values`, or exactly `limits`."""
    if limits:
        return Axis(*limits, start, end, log)
    low, high = float(np.min(values)), float(np.max(values))
    if log:
        return Axis(low / 1.1, high * 1.1, start, end, log)
    margin = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Axis(low if low == 0 else low - margin, high + margin, start, end, whole=whole)


def _round(low: float, high: float, limit: int, least: float) -> list[float]:
    raw = max((high - low) / limit, least)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    few = len(powers) > 4
    values = [m * 10.0**p for p in powers for m in ((1,) if few else (1, 2, 5))]
    return [value for value in values if low <= value <= high]


def _labels(values: list[float]) -> list[str]:
    largest = max((abs(value) for value in values), default=0)
    if largest >= 1e9 or 0 < largest < 1e-4:
        return [f"{value:g}".replace("-", "−") for value in values]
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if largest >= 10 * size:
            labels = _labels([value / size for value in values])
            return [label if label == "0" else f"{label}{unit}" for label in labels]
    texts = [f"{value:.10f}".rstrip("0") for value in values]
    decimals = min(max((len(text.partition(".")[2]) for text in texts), default=0), 6)
    return [f"{value + 0.0:.{decimals}f}".replace("-", "−") for value in values]

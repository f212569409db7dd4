"""Charts as data. There are two back ends: `svg` for the page, `png` for files."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Series:
    """One line or cloud of a chart.

    Attributes:
        name: in the legend; empty for none.
        x, y: (n,) each.
        style: line, dots, steps (y[i] from x[i] to x[i + 1]) or guide (a thin dashed line that
            is not data).
        low, high: ends of the dots' error bars, (n,) each or empty.
        colour: which of the palette's.
    """

    name: str
    x: Array
    y: Array
    style: str = "line"
    low: Array = field(default_factory=lambda: np.zeros(0))
    high: Array = field(default_factory=lambda: np.zeros(0))
    colour: int = 0


@dataclass(frozen=True)
class Chart:
    """Lines and dots on two axes.

    Attributes:
        name: of its file, and unique in a report.
        title: what it shows.
        caption: its message in words, also for readers who cannot see it.
        x_label, y_label: with units.
        series: what is drawn.
        x_range, y_range: of the axes; None for that of the data.
        log_y: whether the y axis is logarithmic.
        whole_x: whether the ticks of the x axis are whole numbers.
        mark: an x at which a vertical line stands, and its label.
        threshold: where the movable threshold shows: "dot" with its x and y, or "line" with its x.
    """

    name: str
    title: str
    caption: str
    x_label: str
    y_label: str
    series: list[Series]
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    log_y: bool = False
    whole_x: bool = False
    mark: tuple[float, str] | None = None
    threshold: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bars:
    """Named values from zero, with a whisker of `spread` to either side."""

    name: str
    title: str
    caption: str
    x_label: str
    labels: list[str]
    values: list[float]
    spread: list[float]

"""Charts as coordinates of an SVG, which the template turns into marks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.pages.formatting import distinct
from vertex_tabular.report.axis import axis
from vertex_tabular.report.chart import Bars, Chart, Series
from vertex_tabular.report.job import Step

Array = NDArray[Any]

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 18, 46
CHARACTER = 6.6  # width of one, about, at the size of the labels


def render(chart: Chart) -> dict[str, Any]:
    """A chart's marks, in the units of a view box of 380 × 300."""
    xs = np.concatenate([series.x for series in chart.series])
    ys = np.concatenate([part for s in chart.series for part in (s.y, s.low, s.high)])
    if not chart.y_range and any(series.style == "steps" for series in chart.series):
        ys = np.append(ys, 0)
    x = axis(xs, LEFT, WIDTH - RIGHT, chart.x_range, whole=chart.whole_x)
    y = axis(ys, HEIGHT - BOTTOM, TOP, chart.y_range, chart.log_y)
    return {
        "chart": chart,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
        "x_ticks": x.ticks(),
        "y_ticks": y.ticks(),
        "series": [_series(series, x.at, y.at) for series in chart.series],
        "mark": float(x.at(chart.mark[0])) if chart.mark else None,
        "dot": (float(x.at(chart.threshold[0])), float(y.at(chart.threshold[1])))
        if len(chart.threshold) == 2
        else None,
        "line": float(x.at(chart.threshold[0])) if len(chart.threshold) == 1 else None,
    }


def _series(series: Series, x: Any, y: Any) -> dict[str, Any]:
    across, up = x(series.x), y(series.y)
    found: dict[str, Any] = {"name": series.name, "style": series.style, "colour": series.colour}
    if series.style == "dots":
        found["dots"] = list(zip(across.tolist(), up.tolist(), strict=True))
        bars = zip(across.tolist(), y(series.low).tolist(), y(series.high).tolist(), strict=False)
        found["bars"] = list(bars)
        return found
    if series.style == "steps":
        across, up = np.repeat(across, 2)[1:-1], np.repeat(up[:-1], 2)
    found["path"] = "M" + "L".join(
        f"{a:.1f} {b:.1f}" for a, b in zip(across.tolist(), up.tolist(), strict=True)
    )
    return found


def render_bars(bars: Bars) -> dict[str, Any]:
    """The marks of horizontal bars, in a view box of 380 × the height that is given."""
    row = 24
    longest = max(len(label) for label in bars.labels)
    left = min(max(longest * CHARACTER + 10, 50), 170)
    labels = distinct(bars.labels, int((left - 8) / CHARACTER))
    values, spread = np.array(bars.values), np.array(bars.spread)
    ends = np.concatenate([values - spread, values + spread, [0.0]])
    bottom = TOP + row * len(bars.labels)
    x = axis(ends, left, WIDTH - RIGHT)
    zero = float(x.at(0.0))
    rows = []
    for number, (label, value, extent) in enumerate(zip(labels, values, spread, strict=True)):
        end = float(x.at(value))
        rows.append(
            {
                "label": label,
                "name": bars.labels[number],
                "y": TOP + row * (number + 0.5),
                "x": min(zero, end),
                "width": max(abs(end - zero), 0.5),
                "low": float(x.at(value - extent)),
                "high": float(x.at(value + extent)),
            }
        )
    return {
        "bars": bars,
        "rows": rows,
        "left": left,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": bottom,
        "height": bottom + BOTTOM,
        "zero": zero,
        "x_ticks": x.ticks(4),
    }


def render_graph(steps: Sequence[Step]) -> dict[str, Any]:
    """The pipeline's graph from top to bottom: each step in the row below all that it needs."""
    depth: dict[str, int] = {}
    by_name = {step.name: step for step in steps}

    def row_of(name: str) -> int:
        if name not in depth:
            needs = [one for one in by_name[name].after if one in by_name]
            depth[name] = 1 + max((row_of(one) for one in needs), default=-1)
        return depth[name]

    rows: dict[int, list[Step]] = {}
    for step in steps:
        rows.setdefault(row_of(step.name), []).append(step)
    width, height, gap, side = 150, 46, 34, 30  # arrows around a step take the side
    across = max(len(row) for row in rows.values())
    total = max(WIDTH, across * (width + 10) + 2 * side)
    place = {
        step.name: (
            side + (total - 2 * side) * (number + 0.5) / len(row),
            depth_ * (height + gap) + height / 2 + 2,
        )
        for depth_, row in rows.items()
        for number, step in enumerate(row)
    }
    arrows = []
    for step in steps:
        for number, name in enumerate(one for one in step.after if one in place):
            (x1, y1), (x2, y2) = place[name], place[step.name]
            if depth[step.name] - depth[name] == 1:
                a, b = y1 + height / 2, y2 - height / 2 - 6
                arrows.append(f"M{x1} {a}C{x1} {(a + b) / 2} {x2} {(a + b) / 2} {x2} {b}")
            else:  # around the steps between, on the side of the later one
                to = -1 if x2 < x1 else 1
                a, b = x1 + to * width / 2, x2 + to * (width / 2 + 6)
                outer = to * max(to * a, to * b) + to * (side + 14 * number)
                arrows.append(f"M{a} {y1}C{outer} {y1} {outer} {y2} {b} {y2}")
    return {
        "width": total,
        "height": len(rows) * (height + gap) - gap + 4,
        "box": (width, height),
        "nodes": [(step, *place[step.name]) for step in steps],
        "arrows": arrows,
    }

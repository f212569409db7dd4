"""The head of a report: how good the model is, and whether it beats simple baselines."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.pages import formatting
from vertex_tabular.report.baselines import BASELINES
from vertex_tabular.report.bootstrap import Interval, intervals
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]
MODEL = "Model"
PROPER = ("Brier", "Macro")  # names, and F1 after it


@dataclass(frozen=True)
class Cell:
    """A metric as text, and its interval; no interval where chance plays no part. `verdict` of a
    gain beyond chance is better or worse."""

    value: str
    interval: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Row:
    """One metric of every predictor; `gain` is how much better the model is than the last."""

    label: str
    meaning: str
    better: str
    cells: list[Cell]
    gain: Cell | None


@dataclass(frozen=True)
class Headline:
    """The table of metrics, and what it comes to in a sentence or two.

    Attributes:
        predictors: names of the columns, the model's first.
        against: the predictor that gains are over; empty if there is none.
        rows: of the table.
        summary: the sentences.
    """

    predictors: list[str]
    against: str
    rows: list[Row]
    summary: str


def headline(
    run: RunDirectory, baselines: dict[str, Array], rows_are: str = "validation row"
) -> Headline:
    """Compares the run's predictions with those of the baselines, by name."""
    predictions = {MODEL: run.predictions, **baselines}
    against = list(baselines)[-1] if baselines else ""
    alone, differences = intervals(run.task, run.y, predictions, against or MODEL)
    rows, kind = [], run.kind
    for metric in alone[MODEL]:
        shown = kind.metrics[metric]
        gain = differences[MODEL][metric] if against else None
        known = [alone[MODEL][metric], *([gain] if gain else [])]
        decimals = max(formatting.places(each.low, each.high) for each in known)
        if abs(known[0].value) < 1:  # an interval may be so wide that nothing of it would be left
            decimals = max(decimals, 2)
        if gain and shown.higher_is_better:  # `against` minus model; a gain is the other way
            gain = Interval(-gain.value, -gain.high, -gain.low)
        rows.append(
            Row(
                shown.label,
                shown.meaning,
                "higher is better" if shown.higher_is_better else "lower is better",
                [_cell(alone[name][metric], decimals) for name in predictions],
                _gain_cell(gain, decimals) if gain else None,
            )
        )
    summary = _summary(run, rows_are, alone, differences.get(MODEL), against)
    first = kind.metrics[kind.primary_metric].label
    (primary,) = (row for row in rows if row.label == first)
    summary += _others([row for row in rows if row is not primary], primary, against)
    return Headline(list(predictions), against, rows, summary)


def _gain_cell(gain: Interval, decimals: int) -> Cell:
    cell = _cell(gain, decimals, sign=True)
    verdict = "better" if gain.low > 0 else "worse" if gain.high < 0 else ""
    return replace(cell, verdict=verdict if cell.interval else "")


def _within(label: str) -> str:
    """A metric's label as it stands within a sentence."""
    first = label.split()[0]
    return label if first.isupper() or first in PROPER else label[0].lower() + label[1:]


def _others(rows: list[Row], primary: Row, against: str) -> str:
    """Says of the metrics beside the primary one where the model is worse by more than chance."""
    worse = [_within(row.label) for row in rows if row.gain and row.gain.verdict == "worse"]
    worse = [
        label[0].lower() + label[1:]
        if label[1:2].islower() and label.split()[0] not in PROPER
        else label
        for label in worse
    ]
    if not worse:
        return ""
    listed = " and ".join(part for part in (", ".join(worse[:-1]), worse[-1]) if part)
    are = "is" if len(worse) == 1 else "are"
    if primary.gain and primary.gain.verdict == "worse":
        return f" Its {listed} {are} worse too."
    return f" Its {listed} {are} worse than with {against.lower()} by more than chance."


def _cell(interval: Interval, decimals: int, sign: bool = False) -> Cell:
    value = formatting.fixed(interval.value, decimals, sign)
    if not np.isfinite(interval.low) or interval.high - interval.low < 1e-9:
        return Cell(value)
    low, high = (formatting.fixed(end, decimals, sign) for end in (interval.low, interval.high))
    return Cell(value, f"{low} to {high}")


def _summary(
    run: RunDirectory,
    rows_are: str,
    alone: dict[str, dict[str, Interval]],
    gains: dict[str, Interval] | None,
    against: str,
) -> str:
    kind = run.kind
    primary = kind.primary_metric
    metric, own = kind.metrics[primary], alone[MODEL][primary]
    decimals = formatting.places(own.low, own.high)

    def text(value: float) -> str:
        if primary == "accuracy":
            shown = formatting.fixed(100 * value, min(max(decimals - 2, 0), 2))
            return f"{shown}{formatting.SPACE}%"
        return formatting.fixed(value, decimals)

    rows = formatting.counted(len(run.y), rows_are)
    begin = (
        f"The model predicts the right class of {text(own.value)} of {rows}"
        if primary == "accuracy"
        else f"The model’s predictions are off by {text(own.value)} (RMSE) on {rows}"
    )
    interval = ""
    if own.high - own.low > 1e-9:  # of a single row there is none
        interval = f" (95{formatting.SPACE}% interval {text(own.low)} to {text(own.high)})"
    said = f"{begin}{interval}."
    if not gains:
        return said
    by = "gets" if primary == "accuracy" else "is off by"
    others = ", ".join(
        f"{BASELINES[name].phrase} {by} {text(alone[name][primary].value)}"
        for name in alone
        if name != MODEL
    )
    gain = gains[primary]
    better = -1 if metric.higher_is_better else 1
    if gain.low <= 0 <= gain.high:
        verdict = f"The difference from {against.lower()} is within chance."
    elif gain.value * better > 0:
        verdict = f"The model is better than {against.lower()} by more than chance."
    else:
        verdict = f"The model is worse than {against.lower()} by more than chance."
    return f"{said} {others[0].upper()}{others[1:]}. {verdict}"

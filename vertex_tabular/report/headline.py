"""The head of a report: how good the model is, and whether it beats simple baselines."""

from dataclasses import dataclass

from vertex_tabular.pages import formatting
from vertex_tabular.report.baselines import BASELINES
from vertex_tabular.report.cells import Cell, cell, decimals_of, gain_cell, verdict
from vertex_tabular.report.leaderboard import Entry, Leaderboard
from vertex_tabular.run.directory import RunDirectory

PROPER = ("Brier", "Macro")  # names, and F1 after it


@dataclass(frozen=True)
class Row:
    """One metric of each predictor; `gain` is how much better the model is than the other."""

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
        against: what gains are over, the baseline of the lowest loss, as within a sentence; empty
            if there is none.
        rows: of the table.
        summary: the sentences.
    """

    predictors: list[str]
    against: str
    rows: list[Row]
    summary: str


def headline(run: RunDirectory, board: Leaderboard, rows_are: str = "validation row") -> Headline:
    """Says how the run's predictions compare with the others of the leaderboard."""
    model, kind = board.model, run.kind
    best = board.others[0] if board.others else None
    rows = []
    for metric, own in model.metrics.items():
        shown = kind.metrics[metric]
        decimals = decimals_of([own, best.gains[metric]] if best else [own])
        rows.append(
            Row(
                shown.label,
                shown.meaning,
                "higher is better" if shown.higher_is_better else "lower is better",
                [cell(entry.metrics[metric], decimals) for entry in (model, best) if entry],
                gain_cell(best.gains[metric], decimals) if best else None,
            )
        )
    summary = _summary(run, rows_are, board)
    first = kind.metrics[kind.primary_metric].label
    (primary,) = (row for row in rows if row.label == first)
    against = BASELINES[best.name].short if best else ""
    summary += _others([row for row in rows if row is not primary], primary, against)
    summary += "".join(_winner(board, entry) for entry in board.others[1:])
    names = [entry.name for entry in (model, best) if entry]
    return Headline(names, against, rows, summary)


def _winner(board: Leaderboard, entry: Entry) -> str:
    """Says of a baseline beside the best by which chief metrics it beats the model."""
    beaten = [
        _within(board.kind.metrics[metric].label)
        for metric in board.chief_metrics
        if entry.gains[metric].beyond_chance and entry.gains[metric].low < 0
    ]
    if not beaten:
        return ""
    are = "is" if len(beaten) == 1 else "are"
    return (
        f" The {' and '.join(beaten)} of {BASELINES[entry.name].short} {are} better than the "
        "model’s by more than chance."
    )


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
    return f" Its {listed} {are} worse than with {against} by more than chance."


def _summary(run: RunDirectory, rows_are: str, board: Leaderboard) -> str:
    kind = run.kind
    primary = kind.primary_metric
    own = board.model.metrics[primary]
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
    if own.is_known:  # of a single row there is none
        interval = f" (95{formatting.SPACE}% interval {text(own.low)} to {text(own.high)})"
    said = f"{begin}{interval}."
    if not board.others:
        return said
    by = "gets" if primary == "accuracy" else "is off by"
    others = ", ".join(
        f"{BASELINES[entry.name].phrase} {by} {text(entry.metrics[primary].value)}"
        for entry in reversed(board.others)
    )
    best = board.others[0]
    against, found = BASELINES[best.name].short, verdict(best.gains[primary])
    judged = (
        f"The model is {found} than {against} by more than chance."
        if found
        else f"The difference from {against} is within chance."
    )
    return f"{said} {others[0].upper()}{others[1:]}. {judged}"

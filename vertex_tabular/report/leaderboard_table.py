"""The leaderboard as a table of a page, and as lines of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vertex_tabular.pages.formatting import counted
from vertex_tabular.report.cells import Cell, cell, decimals_of, gain_cell
from vertex_tabular.report.leaderboard import Leaderboard


@dataclass(frozen=True)
class Line:
    """A model: its chief metrics, and the gains in them of the run's model; none of its own."""

    name: str
    metrics: list[Cell]
    gains: list[Cell | None]


@dataclass(frozen=True)
class BoardTable:
    """The table: the labels of the chief metrics, a line for each model, and notes."""

    labels: list[str]
    lines: list[Line]
    notes: Sequence[str]


def table_of(board: Leaderboard) -> BoardTable | None:
    """The table; None where there is nothing to compare with."""
    if not board.others:
        return None
    chief = board.chief_metrics
    decimals = {
        metric: max(
            decimals_of([board.model.metrics[metric], entry.gains[metric]])
            for entry in board.others
        )
        for metric in chief
    }
    lines = [
        Line(
            entry.name,
            [cell(entry.metrics[metric], decimals[metric]) for metric in chief],
            [
                gain_cell(entry.gains[metric], decimals[metric]) if entry.gains else None
                for metric in chief
            ],
        )
        for entry in board.entries
    ]
    return BoardTable([board.kind.metrics[metric].label for metric in chief], lines, board.notes)


def text_of(board: Leaderboard) -> str:
    """What the table is of, the table as lines of text, and the notes."""
    table = table_of(board)
    assert table is not None  # a leaderboard of a run has its baselines
    rows = [["", *(part for label in table.labels for part in (label, "gain"))]]
    rows += [[line.name, *_parts(line)] for line in table.lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [
        "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    about = (
        f"{counted(board.rows, 'validation row')}, the best model first. Gain: how "
        "much better this run's model is, with its 95 % interval."
    )
    return "\n".join([about, "", *padded, *(["", *table.notes] if table.notes else [])])


def _parts(line: Line) -> Iterator[str]:
    for metric, gain in zip(line.metrics, line.gains, strict=True):
        yield metric.value
        said = [gain.value] if gain else []
        if gain and gain.interval:
            beyond = f"{gain.verdict}, beyond chance" if gain.verdict else "within chance"
            said.append(f"({gain.interval}) {beyond}")
        yield " ".join(said)

"""The command that compares runs: tabpipe compare --help"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    LOOK,
    AsJson,
    ProjectSession,
    Root,
    RunNames,
    expanded,
)
from pipelines.cli.output import plain, print_json, table, terminal_width
from trainer.contract import to_json
from trainer.errors import InputError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.history.comparison import Comparison

MARK = " *"  # of the best value
CELL = 14  # characters of a value where the terminal is narrow
NAME = 24  # and of the name of a row


@expanded
def compare(
    session: ProjectSession,
    names: RunNames,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write an HTML page with the curves.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Compare runs, and say whether their metrics differ by chance.

    Parameters, data and code that differ are shown, and every metric.

    Example: tabpipe compare latest~1 latest
    """
    from pipelines.history.comparison import compare
    from pipelines.history.records import History

    history = History(root, session)
    records = [history.record(name) for name in names]
    ids = [record.run_id for record in records]
    if len(set(ids)) < max(len(ids), 2):
        raise InputError(f"two or more different runs must be given, got {', '.join(ids)}")
    found = compare(records, history.copier)
    if html:
        from pipelines.history.comparison_page import write_page

        write_page(found, html)
    if as_json:
        differences = [
            {**to_json(asdict(each)), "beyond_chance": each.beyond_chance}
            for each in found.differences
        ]
        shown = {**asdict(found), "differences": differences}
        del shown["histories"]  # `tabpipe fetch` copies them, as eval_history.csv
        print_json(shown)
        return
    echo("\n".join(_tables(found, terminal_width())))
    for run_id, why in found.not_paired.items():
        echo(f"{run_id}: not compared with {found.run_ids[0]} row by row: {why}")
    for each in found.differences:
        echo(
            f"{each.run_id}: {each.metric} {each.value:+.4g} "
            f"(95 % interval {each.low:+.4g} to {each.high:+.4g}): {each.verdict}"
        )
    if html:
        echo(f"\nwritten: {html}")


def _tables(found: "Comparison", width: int | None) -> list[str]:
    """A column for each run; the best value of a metric is marked, and the last column says which
    is better. On a terminal that is too narrow, ids and values are shortened; then as many columns
    as fit stand together, the first run in each such table."""
    from pipelines.history.comparison import best, direction

    values = {**found.parameters, **found.data, **found.code, **found.metrics}
    better = "better" if found.metrics else ""
    rows = [["run", *found.run_ids, better], ["state", *found.states, ""]]
    for name, each in values.items():
        top = best(name, each) if name in found.metrics else []
        cells = [plain(value) + MARK * (number in top) for number, value in enumerate(each)]
        rows.append([name, *cells, direction(name) if name in found.metrics else ""])
    whole = _aligned(rows, None)
    if width is None or max(map(len, whole)) <= width:
        return whole
    from pipelines.history.comparison_page import labels_of
    from vertex_tabular.pages.formatting import shortened

    rows[0] = ["run", *labels_of(found.run_ids), better]
    runs = len(found.run_ids)
    narrow = [
        [shortened(row[0], NAME), *(_cut(cell) for cell in row[1:-1]), row[-1]] for row in rows
    ]
    fitting = runs
    while fitting > 1 and any(
        max(map(len, _aligned(_columns(narrow, first, fitting), None))) > width
        for first in range(1, runs, max(fitting - 1, 1))
    ):
        fitting -= 1
    fitting = max(fitting, 2)
    lines: list[str] = []
    for first in range(1, runs, fitting - 1):
        lines += [""] if lines else []
        part = _columns(narrow, first, fitting)
        lines += _aligned([part[0], *filter(_tells, part[1:])], width)
    return lines


def _columns(rows: Sequence[Sequence[str]], first: int, count: int) -> list[list[str]]:
    """The name, the first run, `count` - 1 runs from number `first` on, and the direction."""
    return [[*row[:2], *row[1 + first : first + count], row[-1]] for row in rows]


def _tells(row: Sequence[str]) -> bool:
    """Does a row say something of these runs? A metric always does, a setting where it differs."""
    return bool(row[-1]) or row[0] == "state" or len(set(row[1:-1])) > 1


def _aligned(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    return table(rows[0], rows[1:], width, shortable=range(len(rows[0]) - 1))


def _cut(cell: str) -> str:
    from vertex_tabular.pages.formatting import shortened

    marked = MARK if cell.endswith(MARK) else ""
    return shortened(cell.removesuffix(marked), CELL) + marked


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=LOOK)(compare)

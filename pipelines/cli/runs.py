"""The commands for runs, those of this machine and those on Vertex AI alike."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import DEFAULT_ROOT, AsJson, ProjectSession, Root, expanded
from trainer.contract import to_json
from trainer.errors import InputError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.history.comparison import Comparison
    from pipelines.record import Record

RunId = Annotated[
    str, typer.Argument(help="Id of a run of this machine or on Vertex AI.", metavar="RUN")
]


@expanded
def runs(
    session: ProjectSession,
    root: Root = DEFAULT_ROOT,
    limit: Annotated[
        int, typer.Option(min=1, help="Maximum number of runs of each place and pipeline.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """List the runs of this machine and, when a project is set, those on Vertex AI.

    Example: tabpipe runs --limit 5
    """
    from pipelines.history.records import History

    found = History(root, session).newest(limit)
    if as_json:
        echo(json.dumps([asdict(record) for record in found], default=str))
        return
    for record in found:
        started = record.started.strftime("%Y-%m-%d %H:%M")
        echo(f"{record.run_id:32}  {record.state:9}  {started}  {record.place}  {record.name}")
    if not found:
        unset = "" if session.settings.project.value else "; no project is set"
        echo(f"no runs in {root}{unset}")


@expanded
def show(
    session: ProjectSession, run_id: RunId, root: Root = DEFAULT_ROOT, as_json: AsJson = False
) -> None:
    """Show a run: its state, steps, parameters, metrics and artifacts, and why it failed.

    Example: tabpipe show 20270131-030000-1a2b3c
    """
    from pipelines.history.records import History

    record = History(root, session).record(run_id)
    if as_json:
        echo(json.dumps(asdict(record), default=str))
        return
    echo("\n".join(_lines(record)))


@expanded
def logs(
    session: ProjectSession,
    run_id: RunId,
    step: Annotated[str, typer.Argument(help="One step. Default: all steps.")] = "",
    root: Root = DEFAULT_ROOT,
) -> None:
    """Print what the steps of a run have logged so far.

    Example: tabpipe logs 20270131-030000-1a2b3c train
    """
    from pipelines.history.records import History

    history = History(root, session)
    record = history.record(run_id)
    names = [each.name for each in record.steps]
    if step and step not in names:
        raise InputError(f"STEP must be one of {', '.join(names)}, got {step}")
    for name in [step] if step else names:
        for line in history.log(record, name):
            echo(line if step else f"{name}: {line}")


@expanded
def cancel(session: ProjectSession, run_id: RunId, root: Root = DEFAULT_ROOT) -> None:
    """Cancel a run of this machine or on Vertex AI.

    Example: tabpipe cancel tabular-20270131-030000-1a2b3c4d
    """
    from pipelines.history.records import History

    History(root, session).cancel(run_id)
    echo(f"{run_id} is being cancelled")


@expanded
def fetch(
    session: ProjectSession,
    run_id: RunId,
    directory: Annotated[Path, typer.Argument(help="Where the files go.", metavar="DIR")],
    root: Root = DEFAULT_ROOT,
) -> None:
    """Copy a run's results and check them against its manifest; resumes where it was interrupted.

    Example: tabpipe fetch tabular-20270131-030000-1a2b3c4d results
    """
    from pipelines.history import fetch as fetching
    from pipelines.history.records import History

    history = History(root, session)
    record = history.record(run_id)
    copied = fetching.fetch(
        fetching.results_of(record),
        directory,
        history.copier(record),
        lambda line: echo(line, err=True),
    )
    echo(f"{len(copied)} files copied to {directory}; all files match the manifest")


@expanded
def compare(
    session: ProjectSession,
    run_ids: Annotated[list[str], typer.Argument(help="Ids of runs.", metavar="RUN…")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write an HTML page with the curves.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Compare runs: parameters, data, code and metrics, and whether the metrics differ by chance.

    Example: tabpipe compare 20270131-030000-1a2b3c tabular-20270131-040000-4d5e6f7a
    """
    from pipelines.history.comparison import compare
    from pipelines.history.records import History

    history = History(root, session)
    found = compare([history.record(run_id) for run_id in run_ids], history.copier)
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
        echo(json.dumps(shown))
        return
    _print_values(found)
    for run_id, why in found.not_paired.items():
        echo(f"{run_id}: not compared with {found.run_ids[0]} row by row: {why}")
    for each in found.differences:
        echo(
            f"{each.run_id}: {each.metric} {each.value:+.4g} "
            f"(95 % interval {each.low:+.4g} to {each.high:+.4g}): {each.verdict}"
        )
    if html:
        echo(f"\nwritten: {html}")


def _print_values(found: "Comparison") -> None:
    """Prints a column for each run; on a narrow terminal, a block for each row."""
    values = {**found.parameters, **found.data, **found.code, **found.metrics}
    rows = [["run", *found.run_ids], ["state", *found.states]]
    rows += [[name, *map(_text, each)] for name, each in values.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for name, *cells in rows:
            echo("\n".join([name, *(f"  {cell}" for cell in cells)]))
        return
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        echo("  ".join(padded).rstrip())


def _lines(record: "Record") -> Iterator[str]:
    yield f"{record.run_id}  {record.state}  {record.name}".rstrip()
    if record.error:
        yield f"error: {record.error}"
    if record.link:
        yield record.link
    yield ""
    for step in record.steps:
        seconds = "" if step.seconds is None else f"{step.seconds:8.1f} s"
        yield f"  {step.name:12}  {step.state:9}  {seconds}".rstrip()
    for title, values in (("parameters", record.parameters), ("metrics", record.metrics)):
        yield from ["", title] if values else []
        width = max(map(len, values), default=0)
        for name, value in sorted(values.items()):
            yield f"  {name:{width}}  {_text(value)}"
    yield from ["", "artifacts"] if record.artifacts else []
    width = max(map(len, record.artifacts), default=0)
    for name, uri in sorted(record.artifacts.items()):
        yield f"  {name:{width}}  {_size(record.sizes.get(name)):>10}  {uri}"


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1024:,.1f} KiB"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def register(app: typer.Typer) -> None:
    """Adds the commands for runs."""
    for command in (runs, show, logs, compare, cancel, fetch):
        app.command()(command)

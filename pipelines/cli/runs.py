"""The commands for runs, those of this machine and those on Vertex AI alike."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    LATEST,
    LOOK,
    AsJson,
    ProjectSession,
    Quiet,
    Root,
    RunName,
    RunNames,
    expanded,
    switch,
)
from pipelines.cli.output import duration, plain, print_json, table, terminal_width
from trainer.errors import InputError, TabularError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.history.listing import Row
    from pipelines.record import Record

ID_LENGTH = 15  # of an id's beginning that is shown where the terminal is narrow: date and time


@expanded
def runs(
    session: ProjectSession,
    sort: Annotated[
        str,
        typer.Option(metavar="KEY", help="Order by a metric, a parameter, name, target, duration."),
    ] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="KEY=VALUE", help="Only runs that have this value."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, help="Maximum number of runs.")
    ] = 20,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """List the runs of this machine and, when a project is set, those on Vertex AI.

    The newest first. KEY is run, name, target, model, state, started, place, duration, a parameter
    such as epochs, or a metric such as validation_auc, of which the best comes first.

    Example: tabpipe runs --sort validation_auc --filter state=SUCCEEDED --limit 5
    """
    from itertools import islice

    from pipelines.history.listing import chosen, ordered, row_of
    from pipelines.history.records import History

    history = History(root, session)
    # Reading a record takes its time; all are needed only where they are chosen among.
    every = history.local()
    found = list(every if sort or filters else islice(every, limit))
    try:
        found += history.cloud(limit)
    except TabularError as error:
        echo(f"runs on Vertex AI are not listed: {error}", err=True)
    found.sort(key=lambda record: record.started, reverse=True)
    rows = chosen([row_of(record) for record in found], filters or ())
    rows = (ordered(rows, sort) if sort else rows)[:limit]
    if as_json:
        print_json([asdict(row.record) for row in rows])
    elif rows:
        echo("\n".join(_listed(rows, terminal_width())))
    else:
        unset = "" if session.settings.project.value else "; no project is set"
        echo("no runs have these values" if found else f"no runs in {root}{unset}")


def _listed(rows: "list[Row]", width: int | None) -> list[str]:
    """A table of runs. Where it is too wide, ids are shortened to a beginning that no other has,
    and a run's name stands for its id."""
    from vertex_tabular.pages.formatting import decimal

    names = any(row.record.name and row.record.place == "local" for row in rows)
    elsewhere = any(row.record.place != "local" for row in rows)
    metrics = {row.chief[0] for row in rows if row.chief}
    metric = next(iter(metrics)) if len(metrics) == 1 else "metric"
    header = ["run", "name", "target", "model", metric, "time", "state", "place"]
    cells = []
    for row in rows:
        chief = decimal(row.chief[1]) if row.chief else ""
        if row.chief and metric == "metric":
            chief = f"{row.chief[0]} {chief}"
        spent = row.record.seconds
        time = "" if spent is None else duration(spent)
        values = [row.values["target"], plain(row.values["model"]), chief, time]
        cells.append(
            [row.record.run_id, row.record.name, *values, row.record.state, row.record.place]
        )
    if not elsewhere:
        header, cells = header[:-1], [each[:-1] for each in cells]
    if not names and not elsewhere:
        header, cells = [header[0], *header[2:]], [[each[0], *each[2:]] for each in cells]
    whole = table(header, cells, None)
    if width is None or max(map(len, whole)) <= width:
        return whole
    if "name" in header:
        short = _beginnings([each[0] for each in cells])
        for each, beginning in zip(cells, short, strict=True):
            each[:2] = [each[1] if 0 < len(each[1]) <= ID_LENGTH else beginning]
        header = [header[0], *header[2:]]
    else:
        for each, beginning in zip(cells, _beginnings([c[0] for c in cells]), strict=True):
            each[0] = beginning
    return table(header, cells, width, shortable=(1, 2, 3))


def _beginnings(ids: list[str]) -> list[str]:
    """The beginning of each id that no other of them has."""
    length = ID_LENGTH
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return [each[:length] for each in ids]


@expanded
def show(
    session: ProjectSession,
    run: RunName = LATEST,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Show a run: its state, steps, parameters, metrics and artifacts.

    And why it failed.

    Example: tabpipe show latest
    """
    from pipelines.history.records import History

    record = History(root, session).record(run)
    if as_json:
        print_json(asdict(record))
        return
    echo("\n".join(_lines(record)))


@expanded
def logs(
    session: ProjectSession,
    run: RunName = LATEST,
    step: Annotated[str, typer.Argument(help="One step. Default: all steps.")] = "",
    root: Root = DEFAULT_ROOT,
    follow: Annotated[
        bool, switch("--follow", "-f", help="Go on until the run has ended.")
    ] = False,
) -> None:
    """Print what the steps of a run have logged so far.

    Example: tabpipe logs latest train --follow
    """
    from pipelines.history.records import History

    history = History(root, session)
    record = history.record(run)
    names = [each.name for each in record.steps]
    if step and step not in names:
        raise InputError(f"STEP must be one of {', '.join(names)}, got {step}")
    if follow:
        for name, line in history.follow(run, step):
            echo(line if step else f"{name}: {line}")
        return
    for name in [step] if step else names:
        for line in history.log(record, name):
            echo(line if step else f"{name}: {line}")


@expanded
def cancel(
    session: ProjectSession, names: RunNames, root: Root = DEFAULT_ROOT, as_json: AsJson = False
) -> None:
    """Cancel runs, on this machine or on Vertex AI.

    Example: tabpipe cancel tabular-20270131-030000-1a2b3c4d
    """
    from pipelines.history.records import History

    history = History(root, session)
    told = []
    for name in names:
        record = history.record(name)
        ended = history.cancel(record)
        told.append({"run_id": record.run_id, "state": ended or "CANCELLING"})
        if not as_json:
            echo(f"{record.run_id} {f'has ended: {ended}' if ended else 'is being cancelled'}")
    if as_json:
        print_json(told)


@expanded
def fetch(
    session: ProjectSession,
    run: RunName,
    directory: Annotated[Path, typer.Argument(help="Where the files go.", metavar="DIR")],
    root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Copy a run's results and check them against its manifest.

    It resumes where it was interrupted.

    Example: tabpipe fetch tabular-20270131-030000-1a2b3c4d results
    """
    from pipelines.history import fetch as fetching
    from pipelines.history.records import History

    history = History(root, session)
    record = history.record(run)
    copied = fetching.fetch(
        fetching.results_of(record),
        directory,
        history.copier(record),
        lambda line: None if quiet else echo(line, err=True),
    )
    if as_json:
        print_json({"run_id": record.run_id, "directory": str(directory), "files": copied})
        return
    echo(f"{len(copied)} files copied to {directory}; all files match the manifest")


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
        if step.progress:
            yield f"    {step.progress}"
    for title, values in (("parameters", record.parameters), ("metrics", record.metrics)):
        yield from ["", title] if values else []
        width = max(map(len, values), default=0)
        for name, value in sorted(values.items()):
            yield f"  {name:{width}}  {plain(value)}"
    yield from ["", "artifacts"] if record.artifacts else []
    width = max(map(len, record.artifacts), default=0)
    for name, uri in sorted(record.artifacts.items()):
        yield f"  {name:{width}}  {_size(record.sizes.get(name)):>10}  {uri}"


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1024:,.1f} KiB"


def register(app: typer.Typer) -> None:
    """Adds the commands for runs."""
    for command in (runs, show, logs, cancel, fetch):
        app.command(rich_help_panel=LOOK)(command)

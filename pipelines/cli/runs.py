"""The commands for runs, those of this machine and those on Vertex AI alike.

A run is here when its id names a directory in `--root`, else in the cloud.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import DEFAULT_ROOT, AsJson, Profile, Project, Region, Root
from pipelines.vertex.session import connect, resolve_settings
from trainer.errors import InputError

if TYPE_CHECKING:
    from pipelines.history.comparison import Comparison
    from pipelines.record import Record

RunId = Annotated[str, typer.Argument(help="Id of a run, here or on Vertex AI.", metavar="RUN")]


def runs(
    root: Root = DEFAULT_ROOT,
    most: Annotated[int, typer.Option(help="How many of each place.")] = 20,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of this machine and, when a project is set, those on Vertex AI.

    Example: tabpipe runs --most 5
    """
    from pipelines.local.records import local_record, local_runs

    settings = resolve_settings({"project": project, "region": region}, profile)
    found = [local_record(root / run_id) for run_id in local_runs(root)[:most]]
    if settings.project.value:
        from pipelines import prediction, training

        vertex = connect(settings)
        for pipeline in (training, prediction):
            found += vertex.runs(pipeline.PIPELINE_NAME, most)
    found.sort(key=lambda record: record.started, reverse=True)
    if as_json:
        typer.echo(json.dumps([asdict(record) for record in found], default=str))
        return
    for record in found:
        started = record.started.strftime("%Y-%m-%d %H:%M")
        typer.echo(
            f"{record.run_id:32}  {record.state:9}  {started}  {record.place}  {record.name}"
        )
    if not found:
        typer.echo(f"no runs in {root}" + ("" if settings.project.value else "; no project is set"))


def show(
    run_id: RunId,
    root: Root = DEFAULT_ROOT,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Show a run: its state, steps, parameters, metrics and artifacts; if it failed, why.

    Example: tabpipe show 20270131-030000-1a2b3c
    """
    record = _record(run_id, root, project, region, profile)
    if as_json:
        typer.echo(json.dumps(asdict(record), default=str))
        return
    typer.echo("\n".join(_lines(record)))


def logs(
    run_id: RunId,
    step: Annotated[str, typer.Argument(help="One step; all of them if not given.")] = "",
    root: Root = DEFAULT_ROOT,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Print what the steps of a run have logged so far.

    Example: tabpipe logs 20270131-030000-1a2b3c train
    """
    from pipelines.local.records import local_log

    record = _record(run_id, root, project, region, profile)
    names = [each.name for each in record.steps]
    if step and step not in names:
        raise InputError(f"STEP must be one of {', '.join(names)}, got {step}")
    for each in record.steps:
        if step in ("", each.name):
            if record.place == "local":
                lines = local_log(root / run_id, each.name)
            elif each.job:
                settings = resolve_settings({"project": project, "region": region}, profile)
                lines = list(connect(settings).log(each.job))
            else:
                lines = []
            for line in lines:
                typer.echo(line if step else f"{each.name}: {line}")


def cancel(
    run_id: RunId,
    root: Root = DEFAULT_ROOT,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Cancel a run, here or on Vertex AI.

    Example: tabpipe cancel tabular-20270131-030000-1a2b3c4d
    """
    if (root / run_id / "run.json").is_file():
        from pipelines.local import run as local

        local.cancel(root / run_id)
    else:
        connect(resolve_settings({"project": project, "region": region}, profile)).cancel(run_id)
    typer.echo(f"{run_id} is being cancelled")


def fetch(
    run_id: RunId,
    directory: Annotated[Path, typer.Argument(help="Where the files go.", metavar="DIR")],
    root: Root = DEFAULT_ROOT,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Copy a run's results, checked against its manifest; again, it takes what is missing.

    Example: tabpipe fetch tabular-20270131-030000-1a2b3c4d results
    """
    from pipelines.history import fetch as fetching

    record = _record(run_id, root, project, region, profile)
    source = record.artifacts.get("run_directory")
    if record.state != "SUCCEEDED" or not source:
        raise InputError(f"a run has results when it has SUCCEEDED, got {record.state}")
    if record.place == "local":
        copy: fetching.Copy = fetching.copy_file
    else:
        settings = resolve_settings({"project": project, "region": region}, profile)
        copy = connect(settings).download
    copied = fetching.fetch(source, directory, copy, lambda line: typer.echo(line, err=True))
    typer.echo(f"{len(copied)} files copied to {directory}; every one is as its manifest says")


def compare(
    run_ids: Annotated[list[str], typer.Argument(help="Ids of runs.", metavar="RUN…")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write it as a page, with the curves.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Show in what runs differ: parameters, data, code and metrics, and whether beyond chance.

    Example: tabpipe compare 20270131-030000-1a2b3c tabular-20270131-040000-4d5e6f7a
    """
    from pipelines.history import comparison
    from pipelines.history import fetch as fetching

    def copier(record: "Record") -> fetching.Copy:
        if record.place == "local":
            return fetching.copy_file
        return connect(resolve_settings({"project": project, "region": region}, profile)).download

    records = [_record(run_id, root, project, region, profile) for run_id in run_ids]
    found = comparison.compare(records, copier)
    if html:
        from pipelines.history.comparison_page import write_page

        write_page(found, html)
    if as_json:
        differences = [
            {**_finite(asdict(each)), "beyond_chance": each.beyond_chance}
            for each in found.differences
        ]
        shown = {**asdict(found), "differences": differences}
        del shown["histories"]  # which `tabpipe fetch` gives, as eval_history.csv
        typer.echo(json.dumps(shown))
        return
    _print_values(found)
    for run_id, why in found.not_paired.items():
        typer.echo(f"{run_id}: not compared with {found.run_ids[0]} row by row: {why}")
    for each in found.differences:
        typer.echo(
            f"{each.run_id}: {each.metric} {each.value:+.4g} "
            f"(95 % interval {each.low:+.4g} to {each.high:+.4g}): {each.verdict}"
        )
    if html:
        typer.echo(f"\nwritten: {html}")


def _print_values(found: "Comparison") -> None:
    """A column for each run; on a terminal too narrow for that, a block for each row."""
    values = {**found.parameters, **found.data, **found.code, **found.metrics}
    rows = [["run", *found.run_ids], ["state", *found.states]]
    rows += [[name, *map(_text, each)] for name, each in values.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for name, *cells in rows:
            typer.echo("\n".join([name, *(f"  {cell}" for cell in cells)]))
        return
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """The values with null for NaN, which JSON has not."""
    return {name: None if value != value else value for name, value in values.items()}


def _record(
    run_id: str, root: Path, project: str | None, region: str | None, profile: str | None
) -> "Record":
    """
    Raises:
        InputError: there is no such run.
    """
    from pipelines.local.records import local_record

    if (root / run_id / "run.json").is_file():
        return local_record(root / run_id)
    settings = resolve_settings({"project": project, "region": region}, profile)
    if not settings.project.value:
        raise InputError(f"a run must exist, got {run_id} is not in {root}, and no project is set")
    return connect(settings).run(run_id)


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

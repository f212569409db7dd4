"""The commands for recurring runs: tabpipe schedule --help"""

import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from pipelines.cli.options import (
    CLOUD,
    AnySession,
    AsJson,
    Budget,
    DryRun,
    ProjectSession,
    expanded,
    switch,
)
from pipelines.cli.output import print_json
from pipelines.vertex.options import RunOptions
from trainer.errors import InputError
from trainer.terminal import echo

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the schedule.")]
CronText = Annotated[
    str, typer.Option("--cron", help='For example "TZ=America/Chicago 0 3 * * *".')
]
Start = Annotated[str, typer.Option(metavar="TIME", help="No run before this time; ISO 8601.")]
End = Annotated[str, typer.Option(metavar="TIME", help="No run after this time; ISO 8601.")]
FIRINGS = 10

schedules = typer.Typer(help="Recurring runs on Vertex AI.", no_args_is_help=True)


@schedules.command()
@expanded
def apply(
    name: Name,
    cron: CronText,
    options: RunOptions,
    session: AnySession,
    start: Start = "",
    end: End = "",
    max_runs: Annotated[
        int, typer.Option(help="Maximum number of runs in all; 0 for no limit.")
    ] = 0,
    overlap: Annotated[int, typer.Option(help="Maximum number of runs at a time.")] = 1,
    budget: Budget = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Create or update a schedule; no change if it already matches.

    Example: tabpipe schedule apply nightly gs://b/a.csv --cron "TZ=America/Chicago 0 3 * * *"
    """
    from pipelines.vertex import schedules as scheduling
    from pipelines.vertex.cron import parse_time
    from pipelines.vertex.plan import estimate_cost, make_plan

    timing = scheduling.Timing(
        cron,
        parse_time("--start", start) if start else None,
        parse_time("--end", end) if end else None,
        max_runs,
        overlap,
    )
    runs_per_month = scheduling.runs_per_month(timing)
    plan = make_plan(options, session.settings, session.parameters)
    costs = estimate_cost(plan, session.settings.region.value, budget, runs_per_month)
    schedule = scheduling.build_schedule(name, timing, session.parent, plan.job, plan.content)
    if not as_json:
        echo(costs, err=True)
    if dry_run:
        print_json({"parent": session.parent, "schedule": schedule})
        return
    plan.upload_inputs(session.vertex)
    _tell(name, scheduling.apply(session.vertex, schedule), as_json)


@schedules.command("list")
@expanded
def list_(session: ProjectSession, as_json: AsJson = False) -> None:
    """List the schedules with their next run.

    Example: tabpipe schedule list
    """
    found = session.vertex.schedules()
    if as_json:
        print_json([_without_spec(each) for each in found])
        return
    for each in found:
        upcoming = each.get("nextRunTime", "") if each["state"] == "ACTIVE" else ""
        line = f"{each['displayName']:20}  {each['state']:9}  {each['cron']:30}  {upcoming}"
        echo(line.rstrip())
    if not found:
        echo("no schedules")


@schedules.command()
@expanded
def show(session: ProjectSession, name: Name, as_json: AsJson = False) -> None:
    """Print a schedule as JSON, without its pipeline.

    Example: tabpipe schedule show nightly
    """
    from pipelines.vertex.schedules import get_schedule

    print_json(_without_spec(get_schedule(session.vertex, name)))


@schedules.command()
@expanded
def pause(session: ProjectSession, name: Name, as_json: AsJson = False) -> None:
    """Pause a schedule. Runs in progress continue.

    Example: tabpipe schedule pause nightly
    """
    from pipelines.vertex.schedules import pause as pause_schedule

    pause_schedule(session.vertex, name)
    _tell(name, "paused", as_json)


@schedules.command()
@expanded
def resume(
    session: ProjectSession,
    name: Name,
    catch_up: Annotated[
        bool, switch("--catch-up", help="Also run for the times it missed while paused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Resume a paused schedule.

    Example: tabpipe schedule resume nightly --catch-up
    """
    from pipelines.vertex.schedules import get_schedule

    session.vertex.resume_schedule(get_schedule(session.vertex, name)["name"], catch_up)
    _tell(name, "resumed", as_json)


@schedules.command()
@expanded
def delete(session: ProjectSession, name: Name, as_json: AsJson = False) -> None:
    """Delete all schedules of a name. Their runs are kept.

    Example: tabpipe schedule delete nightly
    """
    from pipelines.vertex.schedules import get_schedules

    for each in get_schedules(session.vertex, name):
        session.vertex.delete_schedule(each["name"])
    _tell(name, "deleted", as_json)


@schedules.command()
@expanded
def preview(
    session: ProjectSession,
    name: Annotated[str, typer.Argument(help="Name of a schedule; or give --cron.")] = "",
    cron: CronText = "",
    start: Start = "",
    as_json: AsJson = False,
) -> None:
    """List the next ten times at which a schedule, or a cron expression, starts a run.

    Example: tabpipe schedule preview --cron "TZ=America/Chicago 0 3 * * *"
    """
    from pipelines.vertex.cron import parse_time
    from pipelines.vertex.schedules import Timing, firings, get_schedule, timing_of

    begin = parse_time("--start", start) if start else None
    if cron:
        timing = Timing(cron, begin)
    elif name:
        timing = timing_of(get_schedule(session.vertex, name), begin)
    else:
        raise InputError("give a schedule's name or --cron")
    found = list(islice(firings(timing), FIRINGS))
    if as_json:
        print_json([firing.isoformat() for firing in found])
        return
    for firing in found:
        utc = firing.astimezone(datetime.timezone.utc)
        echo(f"{firing:%a %Y-%m-%d %H:%M %Z}  {utc:%Y-%m-%d %H:%M}Z")


def _tell(name: str, what: str, as_json: bool) -> None:
    """Prints what became of a schedule."""
    if as_json:
        print_json({"schedule": name, "outcome": what})
    else:
        echo(f"{name}: {what}")


def _without_spec(schedule: dict[str, Any]) -> dict[str, Any]:
    """A schedule without its copy of the compiled pipeline, which is long."""
    job = schedule["createPipelineJobRequest"]["pipelineJob"]
    short = {name: value for name, value in job.items() if name != "pipelineSpec"}
    request = schedule["createPipelineJobRequest"] | {"pipelineJob": short}
    return schedule | {"createPipelineJobRequest": request}


def register(app: typer.Typer) -> None:
    """Adds `schedule`."""
    app.add_typer(schedules, name="schedule", rich_help_panel=CLOUD)

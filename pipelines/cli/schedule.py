"""The commands for recurring runs: tabpipe schedule --help"""

import datetime
import json
from itertools import islice
from typing import Annotated, Any

import typer

from pipelines.cli.options import (
    Accelerator,
    AsJson,
    Bucket,
    Budget,
    CsvUri,
    DryRun,
    Hours,
    Image,
    KmsKey,
    Labels,
    MachineType,
    ModelUri,
    Network,
    Owner,
    Profile,
    Project,
    Region,
    SchemaFile,
    ServiceAccount,
    Sets,
    Spot,
)
from pipelines.vertex.session import connect, estimate_cost, resolve_settings
from trainer.errors import InputError

Name = Annotated[str, typer.Argument(help="Name of the schedule.")]
Cron = Annotated[str, typer.Option(help='For example "TZ=America/Chicago 0 3 * * *".')]
Start = Annotated[str, typer.Option(metavar="TIME", help="No run before; ISO 8601.")]
End = Annotated[str, typer.Option(metavar="TIME", help="No run after; ISO 8601.")]
FIRINGS = 10
DAYS_OF_A_MONTH = 30

schedules = typer.Typer(help="Recurring runs on Vertex AI.", no_args_is_help=True)


@schedules.command()
def apply(
    name: Name,
    cron: Cron,
    start: Start = "",
    end: End = "",
    max_runs: Annotated[int, typer.Option(help="How many in all; 0 for no limit.")] = 0,
    overlap: Annotated[int, typer.Option(help="How many at a time.")] = 1,
    csv: CsvUri = "",
    schema: SchemaFile = None,
    sets: Sets = None,
    machine: MachineType = "",
    accelerator: Accelerator = "",
    spot: Spot = False,
    hours: Hours = None,
    label: Labels = None,
    image: Image = None,
    owner: Owner = None,
    project: Project = None,
    region: Region = None,
    bucket: Bucket = None,
    service_account: ServiceAccount = None,
    network: Network = None,
    kms_key: KmsKey = None,
    profile: Profile = None,
    budget: Budget = None,
    dry_run: DryRun = False,
    model: ModelUri = "",
) -> None:
    """Make the schedule of that name be as described; does nothing when it is already.

    Example: tabpipe schedule apply nightly --cron "TZ=America/Chicago 0 3 * * *" --csv gs://b/a.csv
    """
    from pipelines.vertex import schedules as scheduling
    from pipelines.vertex.cron import parse_time
    from pipelines.vertex.plan import RunOptions, plan

    flags = {"project": project, "region": region, "bucket": bucket, "image": image}
    flags |= {"owner": owner, "service_account": service_account}
    flags |= {"network": network, "kms_key": kms_key}
    settings = resolve_settings(flags, profile)
    timing = scheduling.Timing(
        cron,
        parse_time("--start", start) if start else None,
        parse_time("--end", end) if end else None,
        max_runs,
        overlap,
    )
    runs_per_month = scheduling.runs_in(timing, datetime.timedelta(days=DAYS_OF_A_MONTH))
    options = RunOptions(
        csv, schema, sets or [], machine, accelerator, spot, hours, label or [], model
    )
    planned = plan(options, settings)
    costs = estimate_cost(planned, settings, budget, runs_per_month)
    parent = f"projects/{settings.required('project')}/locations/{settings.region.value}"
    schedule = scheduling.build_schedule(name, timing, parent, planned.job)
    typer.echo(costs, err=True)
    if dry_run:
        typer.echo(json.dumps({"parent": parent, "schedule": schedule}, indent=2))
        return
    vertex = connect(settings)
    planned.upload_inputs(vertex)
    typer.echo(f"{name}: {scheduling.apply(vertex, schedule)}")


@schedules.command("list")
def list_(
    project: Project = None, region: Region = None, profile: Profile = None, as_json: AsJson = False
) -> None:
    """List the schedules with their next run.

    Example: tabpipe schedule list
    """
    found = connect(resolve_settings({"project": project, "region": region}, profile)).schedules()
    if as_json:
        typer.echo(json.dumps([_without_spec(each) for each in found]))
        return
    for each in found:
        upcoming = each.get("nextRunTime", "") if each["state"] == "ACTIVE" else ""
        line = f"{each['displayName']:20}  {each['state']:9}  {each['cron']:30}  {upcoming}"
        typer.echo(line.rstrip())
    if not found:
        typer.echo("no schedules")


@schedules.command()
def show(
    name: Name, project: Project = None, region: Region = None, profile: Profile = None
) -> None:
    """Print a schedule as JSON, without its pipeline.

    Example: tabpipe schedule show nightly
    """
    from pipelines.vertex.schedules import get_schedule

    vertex = connect(resolve_settings({"project": project, "region": region}, profile))
    typer.echo(json.dumps(_without_spec(get_schedule(vertex, name)), indent=2))


@schedules.command()
def pause(
    name: Name, project: Project = None, region: Region = None, profile: Profile = None
) -> None:
    """Let a schedule fire no more; a run that goes on is not touched.

    Example: tabpipe schedule pause nightly
    """
    from pipelines.vertex.schedules import get_schedule

    vertex = connect(resolve_settings({"project": project, "region": region}, profile))
    vertex.pause_schedule(get_schedule(vertex, name)["name"])
    typer.echo(f"{name}: paused")


@schedules.command()
def resume(
    name: Name,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Also run for the times it missed.")
    ] = False,
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Let a paused schedule fire again.

    Example: tabpipe schedule resume nightly --catch-up
    """
    from pipelines.vertex.schedules import get_schedule

    vertex = connect(resolve_settings({"project": project, "region": region}, profile))
    vertex.resume_schedule(get_schedule(vertex, name)["name"], catch_up)
    typer.echo(f"{name}: resumed")


@schedules.command()
def delete(
    name: Name, project: Project = None, region: Region = None, profile: Profile = None
) -> None:
    """Delete every schedule of that name; their runs stay.

    Example: tabpipe schedule delete nightly
    """
    vertex = connect(resolve_settings({"project": project, "region": region}, profile))
    found = vertex.schedules(name)
    if not found:
        raise InputError(f"a schedule must exist, got there is no {name}")
    for each in found:
        vertex.delete_schedule(each["name"])
    typer.echo(f"{name}: deleted")


@schedules.command()
def preview(
    name: Annotated[str, typer.Argument(help="A schedule; or give --cron.")] = "",
    cron: Cron = "",
    start: Start = "",
    project: Project = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """List the next ten firings, of a schedule or of an expression that you are thinking of.

    Example: tabpipe schedule preview --cron "TZ=America/Chicago 0 3 * * *"
    """
    from pipelines.vertex.cron import Cron as Expression
    from pipelines.vertex.cron import parse_time
    from pipelines.vertex.schedules import get_schedule

    now = datetime.datetime.now(datetime.timezone.utc)
    end = None
    if not cron:
        if not name:
            raise InputError("preview needs a schedule's name or --cron, got neither is given")
        schedule = get_schedule(
            connect(resolve_settings({"project": project, "region": region}, profile)), name
        )
        cron = schedule["cron"]
        start = start or schedule.get("startTime", "")
        end = parse_time("--end", schedule["endTime"]) if "endTime" in schedule else None
    after = max(now, parse_time("--start", start)) if start else now
    for firing in islice(Expression.parse(cron).firings(after), FIRINGS):
        if end is None or firing <= end:
            utc = firing.astimezone(datetime.timezone.utc)
            typer.echo(f"{firing:%a %Y-%m-%d %H:%M %Z}  {utc:%Y-%m-%d %H:%M}Z")


def _without_spec(schedule: dict[str, Any]) -> dict[str, Any]:
    """A schedule without its copy of the pipeline, which is long."""
    job = schedule["createPipelineJobRequest"]["pipelineJob"]
    short = {name: value for name, value in job.items() if name != "pipelineSpec"}
    request = schedule["createPipelineJobRequest"] | {"pipelineJob": short}
    return schedule | {"createPipelineJobRequest": request}


def register(app: typer.Typer) -> None:
    """Adds `schedule`."""
    app.add_typer(schedules, name="schedule")

"""The commands that submit to Vertex AI: `tabpipe submit`, `config` and `clean`.

`register` also adds those of `cli_runs` and `cli_schedule`.
"""

import contextlib
import json
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

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
from trainer.errors import InputError, TabularError

if TYPE_CHECKING:
    from pipelines.vertex.client import Vertex

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 20.0


def submit(
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
    run_id: Annotated[str, typer.Option(help="Id of the run, to send it again safely.")] = "",
    experiment: Annotated[
        str, typer.Option(help="Vertex AI experiment to list the run in; made if there is none.")
    ] = "",
    budget: Budget = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    model: ModelUri = "",
) -> None:
    """Submit a run to Vertex AI.

    Example: tabpipe submit --csv gs://my-bucket/passengers.csv --accelerator NVIDIA_TESLA_T4:1
    """
    from pipelines.vertex import submission
    from pipelines.vertex.plan import RunOptions, plan
    from pipelines.vertex.records import console_link

    flags = {"project": project, "region": region, "bucket": bucket, "image": image}
    flags |= {"owner": owner, "service_account": service_account}
    flags |= {"network": network, "kms_key": kms_key}
    settings = resolve_settings(flags, profile)
    options = RunOptions(
        csv, schema, sets or [], machine, accelerator, spot, hours, label or [], model
    )
    planned = plan(options, settings)
    costs = estimate_cost(planned, settings, budget)
    parent = f"projects/{settings.required('project')}/locations/{settings.region.value}"
    run_id = run_id or submission.new_run_id()
    request = submission.create_request(parent, run_id, planned.job)
    context = submission.experiment_request(parent, experiment) if experiment else None
    if dry_run:
        if context is not None:
            typer.echo(json.dumps(context, indent=2))
        typer.echo(json.dumps(request, indent=2, ensure_ascii=False))
        typer.echo(costs, err=True)
        return
    if not as_json:
        typer.echo(costs, err=True)
    vertex = connect(settings)
    planned.upload_inputs(vertex)
    if context is not None:
        vertex.create_experiment(context, settings.kms_key.value)
    with _repeatable(run_id):
        vertex.create_run(request)
    link = console_link(vertex.project, vertex.region, run_id)
    typer.echo(json.dumps({"run_id": run_id, "link": link}) if as_json else f"{run_id}\n{link}")
    if experiment:
        with _repeatable(run_id):
            vertex.add_to_experiment(run_id, experiment)
    if wait:
        watch(vertex, run_id)


@contextlib.contextmanager
def _repeatable(run_id: str) -> Iterator[None]:
    """Says of a failure how the command is repeated without a second run."""
    try:
        yield
    except InputError:
        raise
    except TabularError as error:
        raise TabularError(
            f"{error}; if in doubt, the same command with --run-id {run_id} submits it once"
        ) from None


def config(
    profile: Profile = None, project: Project = None, region: Region = None, as_json: AsJson = False
) -> None:
    """Show each setting and where its value came from.

    Example: tabpipe config --profile prod
    """
    from dataclasses import asdict

    settings = asdict(resolve_settings({"project": project, "region": region}, profile))
    if as_json:
        typer.echo(json.dumps(settings, indent=2))
        return
    widths = [max(map(len, settings)), max(len(s["value"]) for s in settings.values())]
    for name, setting in settings.items():
        value = setting["value"].ljust(widths[1])
        typer.echo(f"{name.ljust(widths[0])}  {value}  {setting['origin']}".rstrip())


def clean(
    older_than: Annotated[str, typer.Option(metavar="DAYS", help="For example 30d.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it they are listed.")] = False,
    project: Project = None,
    region: Region = None,
    bucket: Bucket = None,
    profile: Profile = None,
) -> None:
    """List uploaded packages that no schedule and no run uses, and delete them with --yes.

    Example: tabpipe clean --older-than 30d --yes
    """
    from pipelines.vertex.unused import unused_packages

    match = re.fullmatch(r"(\d+)d", older_than)
    if not match:
        raise InputError(f"--older-than must be days like 30d, got {older_than}")
    settings = resolve_settings({"project": project, "region": region, "bucket": bucket}, profile)
    vertex = connect(settings)
    found = unused_packages(vertex, settings.required("bucket"), days=int(match[1]))
    for uri, size in found.items():
        if yes:
            vertex.delete_object(uri)
        typer.echo(f"{'deleted' if yes else 'unused'} {uri} {size / 1024:.0f} KiB")
    if not found:
        typer.echo("no unused packages")


def watch(vertex: "Vertex", run_id: str) -> None:
    """Prints each change of a run and of its steps until it has ended.

    Raises:
        TabularError: it did not succeed.
    """
    seen: dict[str, str] = {}
    pause = FIRST_WAIT_SECONDS
    while True:
        record = vertex.run(run_id)
        for name, state in [(s.name, s.state) for s in record.steps] + [("run", record.state)]:
            if seen.get(name) != state:
                seen[name] = state
                typer.echo(f"{name}: {state}", err=True)
        if record.state not in ("PENDING", "RUNNING"):
            break
        time.sleep(pause)
        pause = min(1.2 * pause, LONGEST_WAIT_SECONDS)
    if record.state != "SUCCEEDED":
        raise TabularError(record.error or f"{run_id} was cancelled")


def register(app: typer.Typer) -> None:
    """Adds the cloud's commands to the `tabpipe` command."""
    from pipelines.cli import runs as cli_runs
    from pipelines.cli import schedule as cli_schedule

    for command in (submit, config, clean):
        app.command()(command)
    cli_runs.register(app)
    cli_schedule.register(app)

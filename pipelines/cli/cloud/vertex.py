"""The commands that submit to Vertex AI: `tabpipe submit`, `config` and `clean`."""

from typing import Annotated

import typer

from pipelines.cli.options import (
    CLOUD,
    AnySession,
    AsJson,
    BucketSession,
    Budget,
    BuildSession,
    DryRun,
    ProjectSession,
    Quiet,
    days_of,
    expanded,
    switch,
)
from pipelines.cli.output import print_json
from pipelines.vertex.options import RunOptions
from trainer.terminal import echo


@expanded
def submit(
    options: RunOptions,
    session: AnySession,
    run_id: Annotated[
        str, typer.Option(help="Id of the run; the same id is submitted only once.")
    ] = "",
    experiment: Annotated[
        str, typer.Option(help="Vertex AI experiment that lists the run; created if missing.")
    ] = "",
    budget: Budget = None,
    wait: Annotated[bool, switch("--wait", help="Wait until the run has ended.")] = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Submit a run to Vertex AI.

    Example: tabpipe submit gs://my-bucket/passengers.csv --accelerator NVIDIA_TESLA_T4:1
    """
    from pipelines.vertex import submission
    from pipelines.vertex.plan import estimate_cost, make_plan
    from pipelines.vertex.records import console_link
    from pipelines.vertex.session import wait_for_run

    plan = make_plan(options, session.settings, session.parameters)
    costs = estimate_cost(plan, session.settings.region.value, budget)
    run_id = run_id or submission.new_run_id()
    request = submission.create_request(session.parent, run_id, plan.job)
    context = submission.experiment_request(session.parent, experiment) if experiment else None
    if dry_run:
        if context is not None:
            print_json(context)
        print_json(request)
        echo(costs, err=True)
        return
    if not as_json and not quiet:
        echo(costs, err=True)
    vertex = session.vertex
    plan.upload_inputs(vertex)
    if context is not None:
        vertex.create_experiment(context, session.settings.kms_key.value)
    with submission.repeatable(run_id):
        vertex.create_run(request)
    link = console_link(vertex.project, vertex.region, run_id)
    if as_json:
        print_json({"run_id": run_id, "link": link})
    else:
        echo(f"{run_id}\n{link}")
    if experiment:
        with submission.repeatable(run_id):
            vertex.add_to_experiment(run_id, experiment)
    if wait:
        wait_for_run(vertex, run_id, lambda line: None if quiet else echo(line, err=True))


@expanded
def config(session: ProjectSession, as_json: AsJson = False) -> None:
    """Show each setting and where its value came from.

    And the parameters of tabpipe.toml.

    Example: tabpipe config --profile prod
    """
    from dataclasses import asdict

    settings = asdict(session.settings)
    parameters = {name: asdict(setting) for name, setting in session.parameters.items()}
    if as_json:
        print_json({**settings, "parameters": parameters})
        return
    shown = {**settings, **{f"parameters.{name}": value for name, value in parameters.items()}}
    widths = [max(map(len, shown)), max(len(s["value"]) for s in shown.values())]
    for name, setting in shown.items():
        value = setting["value"].ljust(widths[1])
        echo(f"{name.ljust(widths[0])}  {value}  {setting['origin']}".rstrip())


@expanded
def clean(
    session: BucketSession,
    older_than: Annotated[str, typer.Option(metavar="DAYS", help="For example 30d.")],
    yes: Annotated[
        bool, switch("--yes", "-y", help="Delete the packages; without it, only list them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List uploaded packages that nothing uses; delete them with --yes.

    No schedule and no unfinished run uses them. It looks in every region in which the bucket's
    packages were used.

    Example: tabpipe clean --older-than 30d --yes
    """
    from pipelines.vertex.packages import delete_package, unused_packages

    days = days_of(older_than)
    bucket = session.settings.required("bucket")
    found = unused_packages(session.vertex, bucket, days=days)
    for uri, size in found.items():
        if yes:
            delete_package(session.vertex, uri)
        if not as_json:
            echo(f"{'deleted' if yes else 'unused'} {uri} {size / 1024:.0f} KiB")
    if as_json:
        print_json([{"uri": uri, "bytes": size, "deleted": yes} for uri, size in found.items()])
    elif not found:
        echo("no unused packages")


images = typer.Typer(help="Images of the steps.", no_args_is_help=True)


@images.callback()
def _images() -> None:
    """Images of the steps."""


@images.command("build")
@expanded
def build(
    session: BuildSession,
    gpu: Annotated[bool, switch("--gpu", help="Build one with CUDA, for training.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build an image in Cloud Build, and set it in tabpipe.toml by its digest.

    Example: tabpipe image build --gpu
    """
    from pathlib import Path

    from pipelines.project.settings import FILE
    from pipelines.vertex.images import build_image, pin

    image = build_image(session.vertex, session.settings, gpu, lambda line: echo(line, err=True))
    name = "gpu_image" if gpu else "image"
    pin(Path.cwd(), FILE, name, image)
    if as_json:
        print_json({name: image})
    else:
        echo(f'{name} = "{image}"')


def register(app: typer.Typer) -> None:
    """Adds the commands, and those for images."""
    for command in (submit, config, clean):
        app.command(rich_help_panel=CLOUD)(command)
    app.add_typer(images, name="image", rich_help_panel=CLOUD)

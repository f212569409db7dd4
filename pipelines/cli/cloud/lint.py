"""The commands that check a run before it is paid for: `tabpipe lint` and `tabpipe cost`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import CLOUD, AsJson, Budget, switch
from pipelines.cli.output import print_json
from pipelines.prices.cost import DEFAULT_REGION, DEFAULT_TIMEOUT_HOURS
from pipelines.prices.machines import parse_accelerator
from trainer.terminal import echo


def lint(
    file: Annotated[
        Path,
        typer.Argument(help="A compiled pipeline of any KFP v2 project, or a PipelineJob's JSON."),
    ],
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="A rule to leave out; may be repeated. A comment in FILE does the same: "
            "# tabpipe lint: ignore RULE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a compiled pipeline for faults that only Vertex AI shows.

    The exit status is 1 if there are errors.

    Example: tabpipe lint build/training.yaml --ignore unpinned-package
    """
    from dataclasses import asdict

    from pipelines.lint import check
    from pipelines.spec import read_pipeline

    findings = check(read_pipeline(file, "YAML"), str(file), ignore=ignore or ())
    counts = Counter(finding.severity for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            echo(f"{finding.severity}: {finding.rule}: {finding.place}: {finding.found}")
            echo(f"    why:  {finding.why}")
            echo(f"    fix:  {finding.fix}")
        listed = [f"{n} {severity}{'s' * (n > 1)}" for severity, n in counts.items()]
        echo(f"{', '.join(listed) or 'no findings'} in {file}")
    if counts["error"]:
        raise typer.Exit(1)


def cost(
    machine: Annotated[
        str, typer.Option(help="Machine type of the training job.")
    ] = "n1-standard-4",
    accelerator: Annotated[
        str,
        typer.Option(
            metavar="TYPE:COUNT", help="GPUs of each machine, for example NVIDIA_TESLA_T4:1."
        ),
    ] = "",
    replicas: Annotated[int, typer.Option(help="Number of machines of the training job.")] = 1,
    spot: Annotated[bool, switch("--spot", help="Train on Spot machines.")] = False,
    hours: Annotated[
        float, typer.Option(help="Time limit of the training job; Vertex AI's own is a week.")
    ] = DEFAULT_TIMEOUT_HOURS,
    runs_per_month: Annotated[
        float | None, typer.Option(help="Number of runs a month, of a schedule.")
    ] = None,
    budget: Budget = None,
    region: Annotated[str, typer.Option(help="Google Cloud region.")] = DEFAULT_REGION,
    as_json: AsJson = False,
) -> None:
    """Estimate the maximum cost of a run.

    And of a month of runs, at list prices.

    Example: tabpipe cost --machine n1-standard-8 --accelerator NVIDIA_TESLA_T4:1 --spot --hours 2
    """
    from dataclasses import asdict

    from components.code import Code
    from pipelines import training
    from pipelines.prices import cost as costs
    from pipelines.spec import spec_of

    spec = spec_of(training.compiled(Code.in_image(training.DEFAULT_IMAGE)))
    kind, count = parse_accelerator(accelerator)
    estimate = costs.estimate(
        costs.Machine(machine, kind, count, replicas),
        steps=len(spec["root"]["dag"]["tasks"]),
        hours=hours,
        spot=spot,
        runs_per_month=runs_per_month,
        region=region,
    )
    if as_json:
        sums = {
            "run_on_demand": estimate.run_on_demand,
            "run_spot": estimate.run_spot,
            "run": estimate.run,
            "month": estimate.month,
        }
        print_json({"estimate": asdict(estimate) | sums, "currency": "USD"})
    else:
        echo(costs.summary(estimate))
    if budget is not None:
        costs.check_budget(estimate, budget)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=CLOUD)(cost)
    app.command(rich_help_panel=CLOUD)(lint)

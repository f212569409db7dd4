"""The commands that look at a run before it is paid for: `tabpipe lint` and `tabpipe cost`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import AsJson
from pipelines.prices.cost import DEFAULT_REGION, DEFAULT_TIMEOUT_HOURS
from pipelines.prices.machines import parse_accelerator
from trainer.errors import InputError


def lint(
    file: Annotated[Path, typer.Argument(help="A compiled pipeline, of any KFP v2 project.")],
    as_json: AsJson = False,
) -> None:
    """Check a compiled pipeline for what goes wrong on Vertex AI only; status 1 if something is.

    Example: tabpipe lint build/training.yaml
    """
    from dataclasses import asdict

    from pipelines.lint import check

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"FILE must be readable, got {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"FILE must be YAML, got {file}: it is no text") from None
    findings = check(text, str(file))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{finding.rule}: {finding.place}: {finding.found}")
            typer.echo(f"    why:  {finding.why}")
            typer.echo(f"    fix: {finding.fix}")
        typer.echo(f"{len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'} in {file}")
    if findings:
        raise typer.Exit(1)


def cost(
    machine: Annotated[str, typer.Option(help="Machine of the training job.")] = "n1-standard-4",
    accelerator: Annotated[
        str, typer.Option(metavar="TYPE:COUNT", help="For example NVIDIA_TESLA_T4:1.")
    ] = "",
    replicas: Annotated[int, typer.Option(help="Machines of the training job.")] = 1,
    spot: Annotated[bool, typer.Option("--spot", help="Train on spot machines.")] = False,
    hours: Annotated[
        float, typer.Option(help="The job's timeout; a week, as on Vertex AI, if not given.")
    ] = DEFAULT_TIMEOUT_HOURS,
    runs_per_month: Annotated[float | None, typer.Option(help="Of a schedule.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="USD", help="Refuse an estimate above it: a month's, or a run's."),
    ] = None,
    region: Annotated[str, typer.Option(help="Of Google Cloud.")] = DEFAULT_REGION,
    as_json: AsJson = False,
) -> None:
    """Estimate what a run costs at most, and a month of them, at list prices.

    Example: tabpipe cost --machine n1-standard-8 --accelerator NVIDIA_TESLA_T4:1 --spot --hours 2
    """
    from dataclasses import asdict

    import yaml

    from components.code import Code
    from pipelines import training
    from pipelines.prices import cost as costs

    spec = yaml.safe_load(training.compiled(Code.in_image(training.DEFAULT_IMAGE)))
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
        typer.echo(json.dumps({"estimate": asdict(estimate) | sums, "currency": "USD"}))
    else:
        typer.echo(costs.summary(estimate))
    if budget is not None:
        costs.check_budget(estimate, budget)


def register(app: typer.Typer) -> None:
    """Adds `lint` and `cost` to the `tabpipe` command."""
    app.command()(lint)
    app.command()(cost)

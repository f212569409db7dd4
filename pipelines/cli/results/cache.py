"""The commands for the results of earlier runs on this machine: tabpipe cache --help"""

from dataclasses import asdict

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    LOOK,
    AsJson,
    GivenTable,
    ModelRun,
    Root,
    Sample,
    SchemaFile,
    Sets,
    Target,
)
from pipelines.cli.output import print_json
from trainer.terminal import echo

cache = typer.Typer(help="The results of earlier local runs.", no_args_is_help=True)


@cache.command()
def explain(
    table: GivenTable = None,
    target: Target = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    sample: Sample = False,
    root: Root = DEFAULT_ROOT,
    model: ModelRun = None,
    as_json: AsJson = False,
) -> None:
    """Say which steps a run with --cache would take from the cache.

    And how the others differ from the most similar earlier run.

    Example: tabpipe cache explain passengers.csv --schema schema.yaml --set epochs=200
    """
    from pipelines.local.cache.explain import explain
    from pipelines.request import local_request

    request = local_request(table, schema, settings or [], root, model, target, sample)
    for note in request.notes:
        echo(note, err=True)
    found = list(explain(request, root))
    if as_json:
        print_json([asdict(forecast) for forecast in found])
        return
    for forecast in found:
        verdict = "from the cache" if forecast.cached else "runs"
        echo(f"{forecast.step:<10}  {verdict:<14}  {forecast.why}")


def register(app: typer.Typer) -> None:
    """Adds `cache`."""
    app.add_typer(cache, name="cache", rich_help_panel=LOOK)

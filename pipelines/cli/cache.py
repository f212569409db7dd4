"""The commands for the results of earlier runs on this machine: tabpipe cache --help"""

import typer

from pipelines.cli.options import DEFAULT_ROOT, CsvFile, ModelRun, Root, SchemaFile, Sets
from trainer.terminal import echo

cache = typer.Typer(help="The results of earlier local runs.", no_args_is_help=True)


@cache.command()
def explain(
    csv: CsvFile = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    root: Root = DEFAULT_ROOT,
    model: ModelRun = None,
) -> None:
    """Show which steps `tabpipe run --cache` would take from the cache, and how the others differ
    from the most similar earlier run.

    Example: tabpipe cache explain --csv passengers.csv --schema schema.yaml --set epochs=200
    """
    from pipelines.local.cache.explain import explain
    from pipelines.request import local_request

    request = local_request(csv, schema, settings or [], root, model)
    for forecast in explain(request, root):
        verdict = "from the cache" if forecast.cached else "runs"
        echo(f"{forecast.step:<10}  {verdict:<14}  {forecast.why}")


def register(app: typer.Typer) -> None:
    """Adds `cache`."""
    app.add_typer(cache, name="cache")

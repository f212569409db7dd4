"""The command that runs a pipeline on this machine: tabpipe run --help"""

from typing import Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    AsJson,
    CsvFile,
    ModelRun,
    Root,
    SchemaFile,
    Sets,
)


def run(
    csv: CsvFile = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    root: Root = DEFAULT_ROOT,
    cache: Annotated[
        bool, typer.Option("--cache", help="Take unchanged steps from earlier runs.")
    ] = False,
    as_json: AsJson = False,
    model: ModelRun = None,
) -> None:
    """Run the compiled pipeline on this machine, the training job included; with --model, the
    prediction pipeline.

    Example: tabpipe run --csv passengers.csv --schema schema.yaml --set epochs=200
    """
    from pipelines.cli.start import start
    from pipelines.request import local_request

    start(local_request(csv, schema, settings or [], root, model), root, cache, as_json)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(run)

"""The command that runs a pipeline on this machine: tabpipe run --help"""

from pathlib import Path
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
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE.yaml",
            help="A compiled KFP v2 pipeline to run instead, which executes its author's code.",
        ),
    ] = None,
    csv: CsvFile = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    root: Root = DEFAULT_ROOT,
    cache: Annotated[
        bool, typer.Option("--cache", help="Take unchanged steps from earlier runs.")
    ] = False,
    as_json: AsJson = False,
    model: ModelRun = None,
    resumed: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Go on with a run that did not succeed: its id, the beginning of it, or latest.",
        ),
    ] = None,
) -> None:
    """Run the compiled pipeline on this machine, the training job included; with --model, the
    prediction pipeline. With --resume, an earlier run goes on: finished steps are kept, training
    continues from its checkpoint, and the values are those of that run. With FILE.yaml, any
    compiled pipeline runs here: every program in it is executed with your rights, so run only files
    whose author you trust.

    Example: tabpipe run --csv passengers.csv --schema schema.yaml --set epochs=200
    """
    if file is not None:
        from pipelines.cli.run_file import run_file

        others = {"--csv": csv, "--schema": schema, "--cache": cache, "--model": model}
        run_file(file, settings or [], root, as_json, {**others, "--resume": resumed})
        return
    from pipelines.cli.start import resume, start
    from pipelines.request import local_request

    if resumed is not None:
        from pipelines.local.resume import find, request_of

        directory = find(root, resumed)
        request = request_of(directory, csv, schema, settings or [], model)
        resume(directory, request, root, cache, as_json)
        return
    start(local_request(csv, schema, settings or [], root, model), root, cache, as_json)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(run)

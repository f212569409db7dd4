"""The command that runs a pipeline on this machine: tabpipe run --help"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    START,
    AsJson,
    ModelRun,
    Quiet,
    Root,
    Sample,
    SchemaFile,
    Sets,
    Target,
    switch,
)
from trainer.errors import InputError

PIPELINES = (".yaml", ".yml", ".json")  # the ends of names of compiled pipelines
TableOrPipeline = Annotated[
    str | None,
    typer.Argument(
        metavar="TABLE",
        help="The table. Default: the project's. Or a compiled pipeline, a .yaml or .json, whose "
        "code is executed with your rights.",
    ),
]


def run(
    table: TableOrPipeline = None,
    target: Target = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the run.")] = "",
    sample: Sample = False,
    cache: Annotated[
        bool, switch("--cache", help="Take unchanged steps from earlier runs.")
    ] = False,
    model: ModelRun = None,
    resumed: Annotated[
        str | None,
        typer.Option("--resume", metavar="RUN", help="Go on with a run that did not succeed."),
    ] = None,
    root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, switch("--verbose", "-v", help="Also print what the steps log, on stderr.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train on a table, on this machine.

    Without a schema, one is inferred from the table. The compiled pipeline runs with all its steps,
    the training job included; with --model, the prediction pipeline. With --resume, an earlier run
    goes on: finished steps are kept, training continues from its checkpoint, and the values are
    those of that run. A compiled pipeline of your own in the place of TABLE runs here, too.

    Example: tabpipe run churn.csv --target churn --set epochs=200
    """
    from pipelines.cli.start import Output, resume, start
    from pipelines.request import local_request

    output = Output(quiet, verbose, as_json)
    if table is not None and Path(table).suffix in PIPELINES:
        from pipelines.cli.run_file import run_file

        run_file(
            Path(table),
            settings or [],
            root,
            output,
            {
                "--target": target,
                "--schema": schema,
                "--name": name,
                "--sample": sample,
                "--cache": cache,
                "--model": model,
                "--resume": resumed,
            },
        )
        return
    if resumed is not None:
        from pipelines.local.resume import find, request_of

        if target is not None or name or sample:
            option = "--sample" if sample else "--name" if name else "--target"
            raise InputError(f"--resume takes no {option}: the run has its own")
        directory = find(root, resumed)
        request = request_of(directory, table, schema, settings or [], model)
        resume(directory, request, root, cache, output)
        return
    if name:
        from vertex_tabular.run.find import check_name

        check_name(name, root)
    request = local_request(table, schema, settings or [], root, model, target, sample)
    start(request, root, cache, output, name)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=START)(run)

"""The `tabpipe` command: tabpipe --help

Each command imports what it needs when it runs, so that `tabpipe --help` is quick.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from trainer.errors import reported

SAMPLE_ROWS = 891
SAMPLE_SEED = 42
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

app = typer.Typer(
    help="A CSV becomes a trained PyTorch model, through one compiled pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", help="Feature schema, a YAML file; the Titanic's if not given."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Sets a parameter; may be repeated."),
]


@app.command()
def run(
    csv: Annotated[str | None, typer.Option(help="The CSV; a made-up sample if not given.")] = None,
    schema: SchemaFile = None,
    settings: Settings = None,
    root: Annotated[Path, typer.Option(help="Each run gets a directory in it.")] = Path("runs"),
    cache: Annotated[bool, typer.Option(help="Take unchanged steps from earlier runs.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, no more.")
    ] = False,
) -> None:
    """Run the compiled pipeline on this machine, the training job included.

    Example: tabpipe run --csv passengers.csv --set epochs=200
    """
    import yaml

    from components.code import Code
    from pipelines import local, parameters, progress, training
    from trainer.contract import input_file

    compiled = training.compiled(Code.in_image(training.DEFAULT_IMAGE))
    declared = parameters.declared(yaml.safe_load(compiled))
    arguments = parameters.parse_settings(settings or [], declared)
    if schema is not None:
        arguments["schema"] = parameters.read_schema(schema)
    if csv is not None:
        arguments["csv"] = str(input_file(csv).resolve())
    elif "csv" not in arguments:
        from pipelines.sample import write_sample

        sample_file = root / "sample.csv"
        write_sample(sample_file, SAMPLE_ROWS, SAMPLE_SEED)
        arguments["csv"] = str(sample_file.resolve())
    parameters.check(arguments)

    directory = local.new_run_directory(root)
    try:
        kept = root.resolve() / ".cache" if cache else None
        result = local.run(compiled, arguments, directory, progress.watch, kept)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: {directory.name} and all that it started has ended", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(json.dumps(asdict(result)) if as_json else progress.summary(result))


@app.command()
def preprocess(
    csv: Annotated[str, typer.Argument(help="The CSV file.")],
    directory: Annotated[Path, typer.Argument(help="Where the arrays are written.")],
    schema: SchemaFile = None,
    settings: Settings = None,
) -> None:
    """Do the first step alone: train_data.npz, val_data.npz and spec.json.

    Example: tabpipe preprocess passengers.csv arrays --set fit_on=all
    """
    import yaml

    from components.code import Code
    from pipelines import parameters, training
    from trainer.preparation import prepare

    spec = yaml.safe_load(training.compiled(Code.in_image(training.DEFAULT_IMAGE)))
    declared = parameters.declared(spec, "preprocess")
    arguments = parameters.parse_settings(settings or [], declared)
    content = parameters.read_schema(schema) if schema else training.titanic_schema()
    prepared = prepare(csv, content, str(directory), **arguments)
    typer.echo(f"{prepared.train['rows']} training rows, {prepared.val['rows']} validation rows")
    typer.echo(f"written to {directory}")


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="The CSV to write.")],
    rows: Annotated[int, typer.Option(help="How many passengers.")] = SAMPLE_ROWS,
    seed: Annotated[int, typer.Option(help="The same seed gives the same file.")] = SAMPLE_SEED,
) -> None:
    """Write a CSV of made-up passengers in the form of the Titanic's list.

    Example: tabpipe sample passengers.csv --rows 1000 --seed 7
    """
    from pipelines.sample import write_sample

    write_sample(out, rows, seed)
    typer.echo(f"{rows} passengers written to {out}")


def main() -> None:
    """Runs the command line; an error is one line on stderr and its exit status."""
    with reported():
        app()

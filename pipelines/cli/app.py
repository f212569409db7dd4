"""The `tabpipe` command: tabpipe --help

Each command imports what it needs when it runs, so that `tabpipe --help` is quick.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli import benchmark as cli_benchmark
from pipelines.cli import init as cli_init
from pipelines.cli import lint as cli_lint
from pipelines.cli import predict as cli_predict
from pipelines.cli import vertex as cli_vertex
from pipelines.cli.options import (
    DEFAULT_ROOT,
    AsJson,
    CsvFile,
    ModelRun,
    Root,
    SchemaFile,
    Sets,
    TableFile,
    Target,
)
from trainer.errors import InputError, TabularError, exit_on_error

SAMPLE_ROWS = 891
SAMPLE_SEED = 42
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

app = typer.Typer(
    help="A CSV becomes a trained PyTorch model, through one compiled pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

cache_app = typer.Typer(help="The results of earlier local runs.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")


@app.command()
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
    pipeline that predicts.

    Example: tabpipe run --csv passengers.csv --set epochs=200
    """
    from pipelines.local import progress, report
    from pipelines.local import run as local
    from pipelines.local.cache import cache_of

    compiled, arguments = requested(csv, schema, settings, root, model)
    directory = local.new_run_directory(root)
    try:
        kept = cache_of(root) if cache else None
        result = local.run(compiled, arguments, directory, progress.watch, kept)
    except TabularError:
        if as_json:
            typer.echo(json.dumps(json.loads((directory / "run.json").read_text())))
        raise
    except KeyboardInterrupt:
        typer.echo(f"interrupted: {directory.name} and all that it started has ended", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if model is None:
        report.complete(result, directory)
    typer.echo(json.dumps(asdict(result)) if as_json else progress.summary(result))


@cache_app.command()
def explain(
    csv: CsvFile = None,
    schema: SchemaFile = None,
    settings: Sets = None,
    root: Root = DEFAULT_ROOT,
    model: ModelRun = None,
) -> None:
    """Say which steps `tabpipe run --cache` would take from the cache, and in what the others
    differ from the nearest earlier run.

    Example: tabpipe cache explain --csv passengers.csv --set epochs=200
    """
    from pipelines.local.explain import explain

    compiled, arguments = requested(csv, schema, settings, root, model)
    for forecast in explain(compiled, arguments, root):
        verdict = "from the cache" if forecast.cached else "runs"
        typer.echo(f"{forecast.step:<10}  {verdict:<14}  {forecast.why}")


def requested(
    csv: str | None,
    schema: Path | None,
    settings: list[str] | None,
    root: Path,
    model: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """The compiled YAML, and the values that the user gives its parameters, checked; of the
    pipeline that predicts where there is a `model`."""
    import yaml

    from components.code import Code
    from pipelines import parameters, prediction, training
    from pipelines.project import settings as project
    from vertex_tabular.run.find import find_run
    from vertex_tabular.schema.schema import parse_schema
    from vertex_tabular.tables.sources import parts_of

    code = Code.in_image(training.DEFAULT_IMAGE)
    compiled = training.compiled(code) if model is None else prediction.compiled(code)
    declared = parameters.declared(yaml.safe_load(compiled))
    arguments = parameters.parse_settings(settings or [], declared)
    for name, option in (("csv", csv), ("schema", schema)):
        if option is not None and name in arguments:
            raise InputError(f"--{name} and --set {name}= exclude each other, got both are")
    if model is not None:
        csv = arguments.get("csv", csv)
        if schema is not None or csv is None:
            raise InputError("--model goes with --csv and without --schema, got it does not")
        directory = find_run(model, root)
        arguments["run_directory"] = (
            directory if directory.startswith("gs://") else str(Path(directory).resolve())
        )
    else:
        project_csv, project_schema = project.data_of(os.environ, Path.cwd())
        csv = arguments.get("csv", project_csv if csv is None else csv)
        if "schema" not in arguments:
            schema = schema or project_schema
        if schema is not None:
            arguments["schema"] = parameters.read_schema(schema)
        parse_schema(arguments.get("schema", training.titanic_schema()))
    if csv == "":
        raise InputError("--csv must name a file, got it is empty")
    if csv is not None:
        if not csv.startswith("gs://"):
            parts_of(csv)  # before anything is written: is there such a file?
            csv = str(Path(csv).resolve())
        arguments["csv"] = csv
    else:
        from pipelines.project.sample import write_sample

        sample_file = root / "sample.csv"
        write_sample(sample_file, SAMPLE_ROWS, SAMPLE_SEED)
        arguments["csv"] = str(sample_file.resolve())
    parameters.check(arguments)
    return compiled, arguments


@app.command()
def preprocess(
    csv: TableFile,
    directory: Annotated[str, typer.Argument(help="Where the arrays are written.")],
    schema: SchemaFile = None,
    settings: Sets = None,
) -> None:
    """Do the first step alone: train_data.npz, val_data.npz and spec.json.

    Example: tabpipe preprocess passengers.csv arrays --set fit_on=all
    """
    import yaml

    from components.code import Code
    from pipelines import parameters, training
    from pipelines.project import settings as project
    from vertex_tabular.preprocessing.prepare import prepare

    spec = yaml.safe_load(training.compiled(Code.in_image(training.DEFAULT_IMAGE)))
    declared = dict(parameters.declared(spec, "preprocess"))
    for given_otherwise in ("csv", "fingerprint", "schema"):
        del declared[given_otherwise]
    arguments = parameters.parse_settings(settings or [], declared)
    schema = schema or project.data_of(os.environ, Path.cwd())[1]
    content = parameters.read_schema(schema) if schema else training.titanic_schema()
    prepared = prepare(csv, content, directory, **arguments)
    typer.echo(f"{prepared.train['rows']} training rows, {prepared.val['rows']} validation rows")
    typer.echo(f"written to {directory}")


@app.command()
def plots(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run on this machine.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the PNG files go.")],
    root: Root = DEFAULT_ROOT,
) -> None:
    """Draw the plots of a run's report as PNG files, for a paper or a slide.

    Example: tabpipe plots 20270131-030000-1a2b3c figures
    """
    from trainer.uri import input_file
    from vertex_tabular.report.png import write_plots
    from vertex_tabular.run.directory import RunDirectory

    artifacts = json.loads(input_file(str(root / run_id / "run.json")).read_text())["artifacts"]
    if "run_directory" not in artifacts:
        raise InputError(f"a run has plots when it has succeeded, got {run_id} has not")
    names = write_plots(
        RunDirectory(artifacts["run_directory"]), str(directory), val_data=artifacts["val_data"]
    )
    typer.echo(f"{', '.join(names)} written to {directory}")


schema_app = typer.Typer(help="Feature schemas.", no_args_is_help=True)
app.add_typer(schema_app, name="schema")


@schema_app.command()
def infer(
    csv: TableFile,
    target: Target = None,
) -> None:
    """Propose a schema for a table, with the reason for each line.

    Example: tabpipe schema infer passengers.csv --target Survived > schema.yaml
    """
    from vertex_tabular.tables import inference

    typer.echo(inference.infer(csv, target), nl=False)


@schema_app.command(name="check")
def check_schema(
    file: Annotated[Path, typer.Argument(metavar="SCHEMA", help="The YAML file.")],
    csv: Annotated[str | None, typer.Option(help="A table that must fit it.")] = None,
) -> None:
    """Check a schema, and with --csv also that a table fits it.

    Example: tabpipe schema check schema.yaml --csv passengers.csv
    """
    from pipelines.parameters import read_schema
    from vertex_tabular.preprocessing.prepare import read_checked
    from vertex_tabular.schema.schema import parse_schema

    schema = parse_schema(read_schema(file))
    typer.echo(f"{file}: {len(schema.columns)} columns predict {schema.target} ({schema.task})")
    if csv is not None:
        typer.echo(f"{csv}: {read_checked(csv, schema).rows} rows fit it")


@app.command()
def sample(
    out: Annotated[str, typer.Argument(help="The CSV to write.")],
    rows: Annotated[int, typer.Option(max=10_000_000, help="How many passengers.")] = SAMPLE_ROWS,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same file.")
    ] = SAMPLE_SEED,
) -> None:
    """Write a CSV of made-up passengers in the form of the Titanic's list.

    Example: tabpipe sample passengers.csv --rows 1000 --seed 7
    """
    from pipelines.project.sample import write_sample
    from trainer.uri import local_path

    write_sample(local_path(out), rows, seed)
    typer.echo(f"{rows} passengers written to {out}")


cli_benchmark.register(app)
cli_init.register(app)
cli_lint.register(app)
cli_predict.register(app)
cli_vertex.register(app)


def main() -> None:
    """Runs the command line; an error is one line on stderr and its exit status."""
    with exit_on_error():
        app()

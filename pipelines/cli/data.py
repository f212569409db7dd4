"""The commands for data: `tabpipe preprocess`, `schema` and `sample`."""

import os
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import SchemaFile, Sets, TableFile, Target
from pipelines.project.sample import SAMPLE_ROWS, SAMPLE_SEED
from trainer.terminal import echo

schemas = typer.Typer(help="Feature schemas.", no_args_is_help=True)


def preprocess(
    csv: TableFile,
    directory: Annotated[str, typer.Argument(help="Where the arrays are written.")],
    schema: SchemaFile = None,
    settings: Sets = None,
) -> None:
    """Preprocess only: write train_data.npz, val_data.npz and spec.json.

    Example: tabpipe preprocess passengers.csv arrays --schema schema.yaml --set fit_on=all
    """
    from pipelines.parameters import split_settings
    from pipelines.project.settings import SCHEMA_MISSING, data_of
    from trainer.errors import InputError
    from trainer.fields import parse_values
    from vertex_tabular.preprocessing.config import PrepareConfig
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.schema.reader import read_schema

    texts = split_settings(settings or [], [field.name for field in fields(PrepareConfig)])
    config = PrepareConfig(**parse_values(PrepareConfig, texts, str))
    schema = schema or data_of(os.environ, Path.cwd())[1]
    if schema is None:
        raise InputError(SCHEMA_MISSING)
    prepared = prepare(csv, read_schema(schema), directory, config)
    echo(f"{prepared.train['rows']} training rows, {prepared.val['rows']} validation rows")
    echo(f"written to {directory}")


@schemas.command()
def infer(
    csv: TableFile,
    target: Target = None,
) -> None:
    """Propose a schema for a table, with the reason for each line.

    Example: tabpipe schema infer passengers.csv --target Survived > schema.yaml
    """
    from vertex_tabular.tables import inference

    echo(inference.infer(csv, target), end="")


@schemas.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="SCHEMA", help="The YAML file.")],
    csv: Annotated[str | None, typer.Option(help="A table that must fit it.")] = None,
) -> None:
    """Check a schema and, with --csv, that a table fits it.

    Example: tabpipe schema check schema.yaml --csv passengers.csv
    """
    from vertex_tabular.preprocessing.reading import read_checked
    from vertex_tabular.schema.parse import parse_schema
    from vertex_tabular.schema.reader import read_schema

    schema = parse_schema(read_schema(file))
    echo(f"{file}: {len(schema.columns)} columns predict {schema.target} ({schema.task})")
    if csv is not None:
        echo(f"{csv}: {read_checked(csv, schema).rows} rows fit it")


def sample(
    out: Annotated[str, typer.Argument(help="The CSV to write.")],
    rows: Annotated[int, typer.Option(max=10_000_000, help="Number of passengers.")] = SAMPLE_ROWS,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same file.")
    ] = SAMPLE_SEED,
) -> None:
    """Write a CSV of made-up passengers with the columns of the Titanic's passenger list.

    Example: tabpipe sample passengers.csv --rows 1000 --seed 7
    """
    from pipelines.project.sample import write_sample
    from trainer.uri import local_path

    write_sample(local_path(out), rows, seed)
    echo(f"{rows} passengers written to {out}")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(preprocess)
    app.add_typer(schemas, name="schema")
    app.command()(sample)

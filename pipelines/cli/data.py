"""The commands for data: `tabpipe preprocess`, `schema` and `sample`."""

import os
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import START, AsJson, SchemaFile, Sets, TableFile, Target
from pipelines.cli.output import print_json
from pipelines.project.sample import SAMPLE_ROWS, SAMPLE_SEED
from trainer.terminal import echo

schemas = typer.Typer(help="Feature schemas.", no_args_is_help=True)


def preprocess(
    table: TableFile,
    directory: Annotated[str, typer.Argument(metavar="DIR", help="Where the arrays are written.")],
    schema: SchemaFile = None,
    settings: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Preprocess only: write the arrays that training reads.

    train_data.npz, val_data.npz and spec.json, and a profile of the table.

    Example: tabpipe preprocess passengers.csv arrays --schema schema.yaml --set fit_on=all
    """
    from pipelines.parameters import split_settings
    from pipelines.project.settings import SCHEMA_MISSING, data_of, parameters_of
    from trainer.errors import InputError
    from trainer.fields import parse_values
    from vertex_tabular.preprocessing.config import PrepareConfig
    from vertex_tabular.preprocessing.prepare import prepare
    from vertex_tabular.schema.reader import read_schema

    names = [field.name for field in fields(PrepareConfig)]
    filed = parameters_of(os.environ, Path.cwd())
    texts = {name: setting.value for name, setting in filed.items() if name in names}
    texts |= split_settings(settings or [], names)
    config = PrepareConfig(**parse_values(PrepareConfig, texts, str))
    schema = schema or data_of(os.environ, Path.cwd())[1]
    if schema is None:
        raise InputError(SCHEMA_MISSING)
    prepared = prepare(table, read_schema(schema), directory, config)
    if as_json:
        parts = {"train": prepared.train["rows"], "val": prepared.val["rows"]}
        print_json({"directory": directory, "rows": parts})
        return
    echo(f"{prepared.train['rows']} training rows, {prepared.val['rows']} validation rows")
    echo(f"written to {directory}")


@schemas.command()
def infer(
    table: TableFile,
    target: Target = None,
    as_json: AsJson = False,
) -> None:
    """Propose a schema for a table, with the reason for each line.

    Example: tabpipe schema infer passengers.csv --target Survived > schema.yaml
    """
    from vertex_tabular.tables import inference

    found = inference.infer(table, target)
    if as_json:
        from vertex_tabular.schema.reader import load_yaml

        print_json({"schema": load_yaml(found.schema), "notes": found.notes})
        return
    echo(found.schema, end="")
    for note in found.notes:
        echo(note, err=True)


@schemas.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="SCHEMA", help="The YAML file.")],
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="A table that must fit it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a schema and, if one is given, that a table fits it.

    Example: tabpipe schema check schema.yaml passengers.csv
    """
    from vertex_tabular.preprocessing.reading import read_checked
    from vertex_tabular.schema.parse import parse_schema
    from vertex_tabular.schema.reader import read_schema

    schema = parse_schema(read_schema(file))
    columns = len(schema.columns)
    if as_json:
        rows = None if table is None else read_checked(table, schema).rows
        about = {"target": schema.target, "task": schema.task, "columns": columns, "rows": rows}
        print_json(about)
        return
    echo(f"{file}: {columns} columns predict {schema.target} ({schema.task})")
    if table is not None:
        echo(f"{table}: {read_checked(table, schema).rows} rows fit it")


def sample(
    out: Annotated[str, typer.Argument(metavar="FILE", help="The CSV to write.")],
    rows: Annotated[
        int, typer.Option("--rows", "-n", metavar="N", max=10_000_000, help="Number of passengers.")
    ] = SAMPLE_ROWS,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same file.")
    ] = SAMPLE_SEED,
    as_json: AsJson = False,
) -> None:
    """Write a CSV of made-up passengers.

    Its columns are those of the Titanic's passenger list.

    Example: tabpipe sample passengers.csv --rows 1000 --seed 7
    """
    from pipelines.project.sample import write_sample
    from trainer.uri import local_path

    write_sample(local_path(out), rows, seed)
    if as_json:
        print_json({"file": out, "rows": rows})
    else:
        echo(f"{rows} passengers written to {out}")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=START)(preprocess)
    app.add_typer(schemas, name="schema", rich_help_panel=START)
    app.command(rich_help_panel=START)(sample)

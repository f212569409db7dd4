"""A project for one's own table: its schema and its settings, proposed and written."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.project import settings
from trainer.contract import atomic_write
from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.schema import json_schema
from vertex_tabular.schema.reader import load_yaml
from vertex_tabular.tables import inference
from vertex_tabular.tables.problems import is_not_utf_8

SCHEMA_FILE = "schema.yaml"
SCHEMA_HEAD = """\
# Which columns are read, of which kind each is (numeric, categorical, boolean, datetime, or drop,
# which leaves it out), and which one is predicted. Proposed from the first rows of {csv}:
# look it over, change what is wrong, and see that it fits: tabpipe schema check {name} {csv}
"""
SETTINGS = """\
# What `tabpipe` takes in this directory when no flag says otherwise; tabpipe config shows it.
# Paths are relative to this file.
name = {name}
csv = {csv}
schema = {schema}

# To run on Vertex AI (tabpipe submit), with the table on Cloud Storage:
# project = "my-project"
# region = "us-central1"
# bucket = "gs://my-bucket/tabular"
# service_account = "trainer@my-project.iam.gserviceaccount.com"

# What --set would set, in every run of this project:
# [parameters]
# epochs = 200
"""


@dataclass(frozen=True)
class Proposal:
    """What the table suggests.

    Attributes:
        schema: text of the schema, with the reason for each line.
        target: the column to predict.
        task: binary, multiclass or regression.
        doubtful: whether the target's few whole numbers may be classes or a quantity.
        notes: what is left out of the table and why, and what was decided from its values.
        columns: of the table.
    """

    schema: str
    target: str
    task: str
    doubtful: bool
    notes: list[str]
    columns: Sequence[str]


def propose(csv: str, target: str | None = None, task: str | None = None) -> Proposal:
    """A schema from the first rows of a table; see `vertex_tabular.tables.inference.infer`.

    Raises:
        InputError: the table cannot be read, or has no such target.
    """
    found = inference.infer(csv, target, task)
    content = load_yaml(found.schema)
    doubtful = found.schema.splitlines()[1].endswith(inference.WHOLE_NUMBERS)
    return Proposal(
        found.schema, content["target"], content["task"], doubtful, found.notes, found.columns
    )


def check_new(directory: Path) -> None:
    """Raises InputError if `directory` holds a project already."""
    for name in (SCHEMA_FILE, settings.FILE):
        if (directory / name).exists():
            raise InputError(
                f"init overwrites nothing, got {directory / name} exists; "
                "tabpipe run uses it, or give another --directory"
            )


def write(directory: Path, csv: str, proposal: Proposal) -> None:
    """Writes schema.yaml and tabpipe.toml into `directory`, which is made if need be, and the JSON
    Schema by which an editor checks schema.yaml.

    Raises:
        InputError: one of them exists already, the directory cannot be written to, or the locale
            has no letters for the table's path.
    """
    check_new(directory)
    place = placed(csv, directory)
    if is_not_utf_8(place):
        raise InputError(
            f"the table's path must be text in the locale, got {place!r}; set PYTHONUTF8=1"
        )
    head = SCHEMA_HEAD.format(csv=" ".join(place.split()), name=SCHEMA_FILE)
    schema = json_schema.FIRST_LINE + head + proposal.schema
    name = re.sub(r"[^\w.@+ -]", "-", Path(csv.rstrip("/")).stem)[:60] or "project"
    quoted = {"name": _toml(name), "csv": _toml(place), "schema": _toml(SCHEMA_FILE)}
    contents = {
        json_schema.FILE: json_schema.as_text(),
        SCHEMA_FILE: schema,
        settings.FILE: SETTINGS.format(**quoted),
    }
    for name, text in contents.items():
        with atomic_write(directory / name) as file:
            file.write(text.encode())


def placed(csv: str, directory: Path) -> str:
    """The table as seen from `directory`, so that both can be moved together."""
    if Uri(csv).is_cloud:
        return csv
    return os.path.relpath(Path(csv).resolve(), directory.resolve())


def _toml(text: str) -> str:
    """`text` as a TOML string, whose escapes are JSON's (https://toml.io/en/v1.0.0#string)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""How a run was made: its steps, settings, schema, versions, fingerprints and log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vertex_tabular.report import svg
from vertex_tabular.report.job import Job
from vertex_tabular.run.directory import RunDirectory

LOG_LINES = 30  # of the beginning of the log, and of its end
# Settings that say where things are or how fast they go, and not what the model is.
NOT_SHOWN = ("train", "val", "test", "spec", "model_out", "checkpoint_dir", "threads")
MAX_OPEN = 12  # columns of a schema that is not folded


@dataclass(frozen=True)
class SchemaShown:
    """A schema as a table: what it says beside its columns, and each column's options as text."""

    facts: dict[str, str]
    columns: list[tuple[str, str, str]]

    @property
    def is_open(self) -> bool:
        """Whether it is short enough not to be folded."""
        return len(self.columns) <= MAX_OPEN


@dataclass(frozen=True)
class Made:
    """What the section shows.

    Attributes:
        graph: the pipeline's steps, as `svg.render_graph` gives them; None if they are not known.
        lists: names and values by title.
        schema: None if it is not known.
        fingerprints: of data, code and files, by name.
        log: the lines of training.log, the middle of a long one left out.
    """

    graph: dict[str, Any] | None
    lists: dict[str, dict[str, str]]
    schema: SchemaShown | None
    fingerprints: dict[str, str]
    log: list[str]


def made_of(run: RunDirectory, job: Job) -> Made:
    """How a run was made, as far as it and the job say."""
    own, pipeline = run.metrics["hyperparameters"], dict(job.parameters)
    schema = pipeline.pop("schema", None)
    return Made(
        graph=svg.render_graph(job.steps) if job.steps else None,
        lists={
            "Training parameters": _texts({k: v for k, v in own.items() if k not in NOT_SHOWN}),
            "Pipeline parameters": _texts({k: v for k, v in pipeline.items() if k not in own}),
            "Versions": _texts({**run.metrics["versions"], **job.versions}),
        },
        schema=schema_shown(schema) if isinstance(schema, Mapping) else None,
        fingerprints={**job.fingerprints, **run.files},
        log=_ends(run.log),
    )


def schema_shown(schema: Mapping[str, Any]) -> SchemaShown:
    """A schema, as its YAML says it, as a table."""
    facts = _texts({name: value for name, value in schema.items() if name != "columns"})
    columns = []
    for column in schema.get("columns", ()):
        options = _texts({k: v for k, v in column.items() if k not in ("name", "kind")})
        said = ", ".join(f"{name}: {value}" for name, value in options.items())
        columns.append((str(column.get("name", "")), str(column.get("kind", "")), said))
    return SchemaShown(facts, columns)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as they are read; those that are not set are left out."""
    return {
        name: text_of(value) for name, value in values.items() if value not in ("", None, {}, [])
    }


def text_of(value: object) -> str:
    """A setting's value as it is read."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(each)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(text_of, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _ends(lines: list[str]) -> list[str]:
    if len(lines) <= 2 * LOG_LINES:
        return lines
    left_out = len(lines) - 2 * LOG_LINES
    return [*lines[:LOG_LINES], f"… {left_out} lines …", *lines[-LOG_LINES:]]

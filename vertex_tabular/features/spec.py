"""The feature spec: what was learned from the training rows, kept as `spec.json`.

`features.fitting` learns it; `features.apply` turns rows into arrays with it, for training and for
prediction alike.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer.contract import atomic_write
from trainer.errors import InputError
from trainer.reading import parse_json, reading, typed
from trainer.tasks.kinds import TASK_KINDS
from vertex_tabular.features.bins import Bins
from vertex_tabular.schema.schema import PARTS
from vertex_tabular.schema.values import date_of, is_boolean


@dataclass(frozen=True)
class Feature:
    """What one column of the table becomes: one column of X or several, which `outputs` names.

    Each is (value - mean) / std, where a value is a number, the code of a category, a part of a
    date, or with one-hot encoding 1 for the category and 0 for the others. `fill` is imputed where
    a value is missing. The codes of `categories` are 0, 1, ... and every other category has the
    next one. `bins` hold the counts of the rows that all this was learned from; older specs have
    none.
    """

    name: str
    kind: str
    encoding: str
    outputs: list[str]
    fill: float | str
    categories: list[str]
    mean: list[float]
    std: list[float]
    bins: list[Bins] = field(default_factory=list)


@dataclass(frozen=True)
class Spec:
    """Everything that turns rows into arrays; the codes in y are positions in `classes`."""

    task: str
    target: str
    classes: list[str] | None
    columns: list[Feature]

    @property
    def features(self) -> list[str]:
        """The names of the columns of X."""
        return [name for feature in self.columns for name in feature.outputs]


def save_spec(spec: Spec, path: Path, origin: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Writes the spec as JSON, and returns what was written; floats keep every bit. `origin` says
    which table it was made from."""
    content = {"features": spec.features, **asdict(spec)}
    if origin:
        content["origin"] = dict(origin)
    with atomic_write(path) as file:
        file.write(json.dumps(content, indent=2, allow_nan=False).encode() + b"\n")
    return content


def load_spec(path: Path) -> Spec:
    """Reads what `save_spec` wrote.

    Raises:
        InputError: the file is missing, or is not a feature spec.
    """
    with reading(path, "a feature spec", error=InputError):
        return parse_spec(parse_json(path.read_bytes()))


def parse_spec(content: Any) -> Spec:
    """The spec in what JSON gave.

    Raises:
        ValueError: it is none, or no table can be read by it, as where its file is damaged.
    """
    spec: Spec = typed(Spec, content)
    task, classes = spec.task, spec.classes
    if task not in TASK_KINDS or (classes is None) == TASK_KINDS[task].classifies:
        raise ValueError(f"task {task} of classes {classes}")
    if not spec.columns:
        raise ValueError("no columns")
    for feature in spec.columns:
        _check(feature)
    return spec


def _check(feature: Feature) -> None:
    """Raises ValueError if its parts do not fit each other."""
    parts = [name.rpartition(".")[2] for name in feature.outputs]
    fill, kind = feature.fill, feature.kind
    right = {
        "numeric": not isinstance(fill, str),
        "categorical": isinstance(fill, str) and feature.encoding in ("ordinal", "onehot"),
        "boolean": is_boolean(str(fill)),
        "datetime": date_of(str(fill)) is not None and set(parts) <= set(PARTS),
    }
    one = kind != "datetime" and feature.encoding != "onehot"
    counts = {len(feature.outputs), len(feature.mean), len(feature.std), *([1] if one else [])}
    if not right.get(kind) or len(counts) > 1 or 0 in feature.std:
        raise ValueError(f"column {feature.name!r} that is no {kind} feature")
    for each in feature.bins:
        if len(each.rows) != len(each.labels):
            raise ValueError(f"{len(each.rows)} counts of {len(each.labels)} bins")

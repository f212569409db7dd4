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
from trainer.reading import read_json
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

    def __post_init__(self) -> None:
        """Raises ValueError if it is no feature, as where its file is damaged."""
        parts = [name.rpartition(".")[2] for name in self.outputs]
        fill, kind = self.fill, self.kind
        right = {
            "numeric": not isinstance(fill, str),
            "categorical": isinstance(fill, str) and self.encoding in ("ordinal", "onehot"),
            "boolean": is_boolean(str(fill)),
            "datetime": date_of(str(fill)) is not None and set(parts) <= set(PARTS),
        }
        one = kind != "datetime" and self.encoding != "onehot"
        counts = {len(self.outputs), len(self.mean), len(self.std), *([1] if one else [])}
        if not right.get(kind) or len(counts) > 1 or 0 in self.std:
            raise ValueError(f"column {self.name!r} that is no {kind} feature")


@dataclass(frozen=True)
class Spec:
    """Everything that turns rows into arrays; the codes in y are positions in `classes`."""

    task: str
    target: str
    classes: list[str] | None
    columns: list[Feature]

    def __post_init__(self) -> None:
        """Raises ValueError if no table can be read by it, as where its file is damaged."""
        if (
            self.task not in TASK_KINDS
            or (self.classes is None) == TASK_KINDS[self.task].classifies
        ):
            raise ValueError(f"task {self.task} of classes {self.classes}")
        if not self.columns:
            raise ValueError("no columns")

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
    return read_json(path, Spec, "a feature spec", error=InputError)

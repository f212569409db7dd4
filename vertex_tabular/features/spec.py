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
from vertex_tabular.features.bins import Bins
from vertex_tabular.schema.dates import ISO
from vertex_tabular.schema.values import MISSING


@dataclass(frozen=True)
class Feature:
    """What one column of the table becomes: one column of X or several, which `outputs` names.

    Each is (value - mean) / std, where a value is a number, the code of a category, a part of a
    date, or with one-hot encoding 1 for the category and 0 for the others. `fill` is imputed where
    a value is missing. The codes of `categories` are 0, 1, ... and every other category has the
    next one. `bins` hold the counts of the rows that all this was learned from; older specs have
    none. `order` and `missing` are the schema's, None for the usual words. With an `indicator`, the
    last output is 1 where the value is missing, else 0.
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
    order: str = ISO
    missing: list[str] | None = None
    indicator: bool = False

    @property
    def measures(self) -> list[str]:
        """The outputs without the indicator."""
        return self.outputs[: len(self.outputs) - self.indicator]


@dataclass(frozen=True)
class Spec:
    """Everything that turns rows into arrays; the codes in y are positions in `classes`.
    `missing` are the texts that mean that there is no target, None for the usual ones."""

    task: str
    target: str
    classes: list[str] | None
    columns: list[Feature]
    missing: list[str] | None = None

    @property
    def features(self) -> list[str]:
        """The names of the columns of X."""
        return [name for feature in self.columns for name in feature.outputs]


def missing_words(listed: list[str] | None) -> frozenset[str]:
    """The texts that mean no value, as a spec has them."""
    return MISSING if listed is None else frozenset(listed)


def listed_words(words: frozenset[str]) -> list[str] | None:
    """The texts that mean no value, for a spec."""
    return None if words == MISSING else sorted(words)


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
    try:
        content = json.loads(path.read_bytes())
        columns = [
            Feature(**{**column, "bins": [Bins(**each) for each in column.get("bins", ())]})
            for column in content["columns"]
        ]
        return Spec(content["task"], content["target"], content["classes"], columns, content.get("missing"))
    except OSError as error:
        raise InputError(f"a feature spec must be a file, got {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} must be a feature spec, got {error!r}") from None

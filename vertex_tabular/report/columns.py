"""The table's columns behind the features: which features are of which column, in what units.

What was missing was filled before the model saw it, so it appears here as what filled it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.features.spec import Feature
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        name: of the column.
        features: where its features are among the columns of X.
        spec: what became of it; None for a run on arrays of one's own.
    """

    name: str
    features: slice
    spec: Feature | None

    @property
    def has_levels(self) -> bool:
        """Whether its values are categories."""
        return self.spec is not None and self.spec.kind in ("categorical", "boolean")

    def numbers(self, x: Array) -> Array:
        """The features (n, outputs) in the units they had before they were standardised."""
        numbers: Array = x[:, self.features]
        if self.spec is not None:
            numbers = numbers * np.array(self.spec.std, x.dtype)
            numbers += np.array(self.spec.mean, x.dtype)
        return numbers

    def rounded(self, x: Array) -> Array:
        """`numbers` in float64 without what float32 added to them: 0, not −2.98e−08."""
        numbers = self.numbers(x.astype(np.float64))
        largest = float(np.abs(numbers).max(initial=0, where=np.isfinite(numbers)))
        return numbers.round(5 - math.floor(math.log10(largest))) if largest else numbers

    def levels(self, x: Array) -> tuple[Array, list[str]]:
        """Each row's level, int (n,), and the names of the levels, of a column that has them."""
        assert self.spec is not None
        numbers = self.numbers(x)[:, : len(self.spec.measures)]
        if self.spec.kind == "boolean":
            return np.rint(numbers[:, 0]).astype(np.int64).clip(0, 1), ["no", "yes"]
        names = [*self.spec.categories, "(other)"]
        if self.spec.encoding == "onehot":
            codes = np.where(numbers.any(axis=1), numbers.argmax(axis=1), len(self.spec.categories))
        else:
            codes = np.rint(numbers[:, 0]).astype(np.int64).clip(0, len(self.spec.categories))
        return codes, names


def columns_of(run: RunDirectory) -> list[Column]:
    """The columns in the order of their features."""
    if run.spec is None:
        return [
            Column(name, slice(number, number + 1), None)
            for number, name in enumerate(run.metrics["feature_names"])
        ]
    found, first = [], 0
    for feature in run.spec.columns:
        last = first + len(feature.outputs)
        found.append(Column(feature.name, slice(first, last), feature))
        first = last
    return found

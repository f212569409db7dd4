"""A table that is split into train, validation and test rows: what `prepare` asks of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from vertex_tabular.features.apply import make_features, make_targets
from vertex_tabular.features.spec import Spec
from vertex_tabular.tables.table import Indices, Table

ArrayOf = Callable[[Indices], npt.NDArray[Any]]


@dataclass(frozen=True)
class Piece:
    """Rows of a split that go into one npz.

    Attributes:
        split: TRAIN, VAL or TEST.
        rows: the numbers of the rows.
        features, targets: X and y of some of them, as functions of their numbers.
    """

    split: int
    rows: Indices
    features: ArrayOf
    targets: ArrayOf


class Preparation(Protocol):
    """A table in memory or on disk, and the split of each of its rows."""

    @property
    def sharded(self) -> bool:
        """Whether a split may have several pieces."""

    @property
    def rows(self) -> Sequence[int]:
        """How many rows each split has."""

    def fit(self) -> Spec:
        """Learns the spec from the training rows, or from all if `fit_on` says so.

        Raises:
            InputError: a column has no value at all in these rows.
        """

    def unseen(self, spec: Spec, split: int) -> dict[str, int]:
        """By column, how many rows of a split have a category unseen in training; no zeros."""

    def target_counts(self, split: int) -> dict[str, int]:
        """How many rows of a split are of each class."""

    def profile(self) -> dict[str, Any]:
        """What is in the table, as `features.profile` describes it."""

    def pieces(self, spec: Spec) -> Iterator[Piece]:
        """The rows of each split; a split without rows has no piece."""


def arrays_of(spec: Spec, table: Table, dtype: str) -> tuple[ArrayOf, ArrayOf]:
    """X and y of a table, as functions of the numbers of rows."""
    return make_features(spec, table, dtype), make_targets(spec, table, dtype)

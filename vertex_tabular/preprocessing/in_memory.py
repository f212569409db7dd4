"""Prepares a table in memory: a split is one piece, in the order of the permutation."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from vertex_tabular.features import counting, fitting
from vertex_tabular.features.alerts import alerts_of
from vertex_tabular.features.profile import profile_of, sample_of
from vertex_tabular.features.spec import Spec
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.preparation import Piece, arrays_of
from vertex_tabular.preprocessing.splits import TEST, VAL, check_rows
from vertex_tabular.preprocessing.splitters import make_splitter
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.table import Table


class InMemory:
    """See `Preparation`."""

    sharded = False

    def __init__(self, table: Table, schema: Schema, config: PrepareConfig) -> None:
        """Splits the table.

        Raises:
            InputError: a split would have no rows.
        """
        self._table, self._schema, self._config = table, schema, config
        self._rows_of = make_splitter(schema, config).split(table)
        self.rows = [len(rows) for rows in self._rows_of]
        check_rows(self.rows, config.test_size)

    def fit(self) -> Spec:
        training = None
        if self._config.fit_on == "train":
            training = np.ones(self._table.rows, np.bool_)
            training[self._rows_of[VAL]] = training[self._rows_of[TEST]] = False
        return fitting.fit(self._table, self._schema, training)

    def unseen(self, spec: Spec, split: int) -> dict[str, int]:
        return counting.unseen(spec, self._table, self._rows_of[split])

    def profile(self) -> dict[str, Any]:
        profile = profile_of(self._table)
        return {**profile, "alerts": alerts_of(profile, sample_of(self._table), self._schema)}

    def pieces(self, spec: Spec) -> Iterator[Piece]:
        features, targets = arrays_of(spec, self._table, self._config.dtype)
        for split, rows in enumerate(self._rows_of):
            if len(rows):
                yield Piece(split, rows, features, targets)

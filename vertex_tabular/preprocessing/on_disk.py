"""Prepares a table on disk: few rows are in memory at a time, and a split becomes shards.

The rows are read once, into a `DiskTable`; the split, the spec and the shards come from passes over
it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from vertex_tabular.features import counting, fitting_on_disk
from vertex_tabular.features.alerts import alerts_of
from vertex_tabular.features.profile import profile_of_disk_table, sample_of
from vertex_tabular.features.spec import Spec
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.preparation import Piece, arrays_of
from vertex_tabular.preprocessing.splits import TRAIN, check_rows
from vertex_tabular.preprocessing.splitters import make_splitter
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.disk_table import BlockMasks, DiskArray, DiskTable
from vertex_tabular.tables.table import Mask, Table, concatenate


class OnDisk:
    """See `Preparation`."""

    sharded = True

    def __init__(self, table: DiskTable, schema: Schema, config: PrepareConfig) -> None:
        """Splits the table.

        Raises:
            InputError: a split would have no rows.
        """
        self._table, self._schema, self._config = table, schema, config
        self._splits = DiskArray()
        splitter = make_splitter(schema, config)
        assign = splitter.assigner(table)
        counts = np.zeros(3, np.int64)
        for start, block in zip(table.starts, table.blocks([splitter.column]), strict=True):
            splits = assign(start, block)
            counts += np.bincount(splits, minlength=3)
            self._splits.append(splits)
        self.rows: list[int] = counts.tolist()
        check_rows(self.rows, config.test_size)

    def fit(self) -> Spec:
        chosen = self._rows_in(TRAIN) if self._config.fit_on == "train" else None
        return fitting_on_disk.fit(self._table, self._schema, chosen)

    def unseen(self, spec: Spec, split: int) -> dict[str, int]:
        return counting.unseen_on_disk(spec, self._table, self._rows_in(split))

    def profile(self) -> dict[str, Any]:
        profile = profile_of_disk_table(self._table)
        return {**profile, "alerts": alerts_of(profile, sample_of(self._table), self._schema)}

    def pieces(self, spec: Spec) -> Iterator[Piece]:
        for split, table in self._shards():
            arrays = arrays_of(spec, table, self._config.dtype)
            yield Piece(split, np.arange(table.rows), *arrays)

    def _rows_in(self, split: int) -> BlockMasks:
        def mask(number: int) -> Mask:
            rows: Mask = self._splits.block(number) == split
            return rows

        return mask

    def _shards(self) -> Iterator[tuple[int, Table]]:
        """The rows of the splits as tables of at most `shard_rows` rows, those of a split about
        equally long; each with its split."""
        goal = {
            split: -(-rows // -(-rows // self._config.shard_rows))
            for split, rows in enumerate(self.rows)
            if rows
        }
        held: dict[int, list[Table]] = {split: [] for split in goal}
        for number, block in enumerate(self._table.blocks()):
            splits = self._splits.block(number)
            for split, size in goal.items():
                rest = block.take(np.flatnonzero(splits == split))
                room = size - sum(table.rows for table in held[split])
                while rest.rows >= room:
                    yield split, concatenate([*held[split], rest.take(np.arange(room))])
                    rest, held[split] = rest.take(np.arange(room, rest.rows)), []
                    room = size
                if rest.rows:
                    held[split].append(rest)
        for split, tables in held.items():
            if tables:
                yield split, concatenate(tables)

"""`split: random`."""

from collections.abc import Iterator

import numpy as np

from vertex_tabular.features.selection import Keys
from vertex_tabular.preprocessing.splits import Splits
from vertex_tabular.preprocessing.splitters.hashing import hash_rows, limits, split_below
from vertex_tabular.preprocessing.splitters.splitter import Assigner, Splitter
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Indices, Table


class RandomSplitter(Splitter):
    """Rows are drawn one by one: on disk, those with the smallest hashes validate."""

    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        order, _ = self.permutation(table.rows)
        val, test, train = np.split(order, self.ends(table.rows))
        return train, val, test

    def assigner(self, table: DiskTable) -> Assigner:
        def hashes() -> Iterator[Keys]:
            lengths = np.diff([*table.starts, table.rows]).tolist()
            for start, rows in zip(table.starts, lengths, strict=True):
                yield hash_rows(start, rows, self.seed)

        ends = limits(hashes, table.rows, self.ends(table.rows))

        def assign(start: int, block: Table) -> Splits:
            return split_below(hash_rows(start, block.rows, self.seed), ends)

        return assign

"""`split: {group: COLUMN}`."""

from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.preprocessing.splits import Splits
from vertex_tabular.preprocessing.splitters.hashing import hash_groups, split_below
from vertex_tabular.preprocessing.splitters.splitter import Assigner, Splitter, rows_by_split
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Indices, Table


class GroupSplitter(Splitter):
    """Groups are drawn until their rows are enough; on disk, each by its own hash."""

    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        order, random = self.permutation(table.rows)
        groups = self._groups(table)
        sizes = np.bincount(groups)
        drawn = random.permutation(len(sizes))
        # A group is in the split in which its first row would be, were the rows dealt group by
        # group.
        firsts = np.cumsum(sizes[drawn]) - sizes[drawn]
        split_of = np.zeros(len(sizes), np.int8)
        split_of[drawn] = self.deal(len(groups))[firsts]
        return rows_by_split(order, split_of.take(groups)[order])

    def _groups(self, table: Table) -> npt.NDArray[np.integer[Any]]:
        """For each row the number of its group."""
        if self.column in table.texts:
            codes: npt.NDArray[np.integer[Any]] = table.texts[self.column].codes
            return codes
        return np.unique(table.numbers[self.column], return_inverse=True)[1]

    def assigner(self, table: DiskTable) -> Assigner:
        val, test = (int(end * 2.0**64) for end in (self.val_size, self.val_size + self.test_size))

        def assign(start: int, block: Table) -> Splits:
            return split_below(hash_groups(block, self.column, self.seed), (val, test))

        return assign

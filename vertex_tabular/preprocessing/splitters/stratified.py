"""`split: stratified`."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from vertex_tabular.features.selection import Keys
from vertex_tabular.preprocessing.splits import Splits
from vertex_tabular.preprocessing.splitters.hashing import hash_rows, limits, split_below
from vertex_tabular.preprocessing.splitters.splitter import Assigner, Splitter, rows_by_split
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Indices, Table


class StratifiedSplitter(Splitter):
    """Rows are drawn as at random, but class by class; `column` is the target. The last row of a
    class trains, however few it has."""

    def ends(self, rows: int) -> tuple[int, int]:
        val, test = super().ends(rows)
        rest = max(rows - 1, 0)
        return min(val, rest), min(test, rest)

    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        order, _ = self.permutation(table.rows)
        classes = table.texts[self.column].codes[order]
        splits = np.zeros(len(classes), np.int8)
        for code in np.unique(classes):
            splits[classes == code] = self.deal(int(np.count_nonzero(classes == code)))
        return rows_by_split(order, splits)

    def assigner(self, table: DiskTable) -> Assigner:
        def hashes(code: int) -> Iterator[Keys]:
            blocks = table.blocks([self.column])
            for start, block in zip(table.starts, blocks, strict=True):
                mine = block.texts[self.column].codes == code
                yield hash_rows(start, block.rows, self.seed)[mine]

        counts, _ = table.counts(names=[self.column])[self.column]
        ends = [
            limits(partial(hashes, code), rows, self.ends(rows))
            for code, rows in enumerate(counts.values())
        ]

        def assign(start: int, block: Table) -> Splits:
            keys = hash_rows(start, block.rows, self.seed)
            codes = block.texts[self.column].codes
            splits = np.zeros(block.rows, np.int8)
            for code in np.unique(codes):
                splits[codes == code] = split_below(keys[codes == code], ends[code])
            return splits

        return assign

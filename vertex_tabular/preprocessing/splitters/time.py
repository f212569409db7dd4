"""`split: {time: COLUMN}`."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vertex_tabular.features.selection import Keys, keys_of, smallest
from vertex_tabular.preprocessing.splits import TEST, TRAIN, VAL, Splits
from vertex_tabular.preprocessing.splitters.splitter import Assigner, Splitter, rows_by_split
from vertex_tabular.schema.dates import date_of
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Indices, Table


class TimeSplitter(Splitter):
    """The latest rows are the test's, those before them validate; rows of the same time are in the
    same split, that of the latest of them."""

    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        order, _ = self.permutation(table.rows)
        times = times_of(table, self.column)
        # Equal times count as one: all have the rank of the last of them.
        ascending = np.sort(times)
        before = np.searchsorted(ascending, times, side="right")
        dealt = self.deal(len(times))
        latest: Splits = np.concatenate([dealt[dealt == split] for split in (TEST, VAL, TRAIN)])
        return rows_by_split(order, latest.take(len(times) - before)[order])

    def assigner(self, table: DiskTable) -> Assigner:
        def latest_first(block: Table) -> Keys:
            return ~keys_of(times_of(block, self.column))

        def keys() -> Iterator[tuple[Keys, None]]:
            return ((latest_first(block), None) for block in table.blocks([self.column]))

        def last_of(rows: int) -> int:
            return smallest(keys, min(rows, table.rows) - 1)

        test_rows = math.ceil(self.test_size * table.rows)
        val_rows = math.ceil(self.val_size * table.rows)
        test_end = last_of(test_rows) if test_rows else -1
        val_end = last_of(test_rows + val_rows)

        def assign(start: int, block: Table) -> Splits:
            keys = latest_first(block)
            test = keys <= test_end if test_rows else np.zeros(len(keys), np.bool_)
            return np.where(test, TEST, np.where(keys <= val_end, VAL, TRAIN)).astype(np.int8)

        return assign


def times_of(table: Table, name: str) -> npt.NDArray[np.float64]:
    """Numbers that are in the order of the column's times."""
    if name in table.numbers:
        return table.numbers[name].astype(np.float64)
    texts = table.texts[name]
    dates = [date.isoformat() for text in texts.categories if (date := date_of(text))]
    rank = {date: rank for rank, date in enumerate(sorted(set(dates)))}
    ranks: npt.NDArray[np.float64] = np.array([rank[date] for date in dates], np.float64)
    return ranks.take(texts.codes)

"""What every splitter does, for a table in memory and for one on disk."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vertex_tabular.preprocessing.splits import TEST, TRAIN, VAL, Splits
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Indices, Table

Assigner = Callable[[int, Table], Splits]  # of the number of a block's first row, and the block


@dataclass(frozen=True)
class Splitter(ABC):
    """Assigns each row of a table to a split.

    A table in memory is split as scikit-learn's `train_test_split` would: of a permutation by
    numpy's legacy generator, the first ceil(val_size x rows) validate. Of a table on disk there is
    no permutation: the split of a row depends on the seed and its number alone (or its group, or
    time), so these are other rows, though as many. Within a split they keep the table's order.

    Attributes:
        column: the column that the split depends on, if it depends on one.
        val_size, test_size: shares of the rows.
        seed: from 0 to 2**32 - 1.
    """

    column: str
    val_size: float
    test_size: float
    seed: int

    @abstractmethod
    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        """The numbers of the rows of each split, in the order of the permutation."""

    @abstractmethod
    def assigner(self, table: DiskTable) -> Assigner:
        """A function that assigns the rows of a block, which has `column`."""

    def ends(self, rows: int) -> tuple[int, int]:
        """Where, of so many rows in their final order, the validation and the test rows end."""
        val, test = math.ceil(self.val_size * rows), math.ceil(self.test_size * rows)
        return val, val + test

    def deal(self, rows: int) -> Splits:
        """The splits of so many rows that are in their final order."""
        splits = np.zeros(rows, np.int8)
        val, test = self.ends(rows)
        splits[:val] = VAL
        splits[val:test] = TEST
        return splits

    def permutation(self, rows: int) -> tuple[Indices, np.random.RandomState]:
        """The numbers of the rows in random order, and the generator for what else is drawn."""
        # `shuffle` draws for int32 what `permutation` draws for its int64, in half the memory.
        order = np.arange(rows, dtype=np.int32)
        random = np.random.RandomState(self.seed)
        random.shuffle(order)
        return order, random


def rows_by_split(order: Indices, splits: Splits) -> tuple[Indices, Indices, Indices]:
    """The numbers of the rows of each split, where `splits` are in the order of `order`."""
    train, val, test = (order[splits == split] for split in (TRAIN, VAL, TEST))
    return train, val, test

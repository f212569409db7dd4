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
    """Rows are drawn one by one: on disk, those with the smallest hashes validate.

    In memory, a class of the target (`column`) that would have no training row gets one: its first
    row changes places with the last training row whose class has another.
    """

    def split(self, table: Table) -> tuple[Indices, Indices, Indices]:
        order, _ = self.permutation(table.rows)
        held_out = self.ends(table.rows)[1]
        if self.column in table.texts:
            _let_each_class_train(order, held_out, table.texts[self.column].codes)
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


def _let_each_class_train(order: Indices, held_out: int, codes: Indices) -> None:
    """Changes the order, whose first rows are held out, where one of `codes` is only there."""
    classes = int(codes.max(initial=-1)) + 1
    training = np.bincount(codes[order[held_out:]], minlength=classes)
    if training.all() or len(order) == held_out:
        return
    for code in np.flatnonzero(training == 0):
        places = np.flatnonzero(codes[order[:held_out]] == code)
        others = np.flatnonzero(training[codes[order[held_out:]]] > 1)
        if not len(others):
            return  # too few rows train for all classes
        if not len(places):
            continue  # no row has it
        place, other = int(places[0]), held_out + int(others[-1])
        training[code], training[codes[order[other]]] = 1, training[codes[order[other]]] - 1
        order[place], order[other] = order[other], order[place]

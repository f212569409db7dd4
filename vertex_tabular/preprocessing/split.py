"""Which rows train the model, which validate it, and which are held out until the end."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.errors import InputError
from vertex_tabular.schema.schema import Schema
from vertex_tabular.schema.values import date_of
from vertex_tabular.tables.reader import Indices, Table

TRAIN, VAL, TEST = 0, 1, 2
Sides = npt.NDArray[np.int8]  # for each row, one of the three


def split_rows(
    table: Table, schema: Schema, val_size: float, test_size: float, seed: int
) -> tuple[Indices, Indices, Indices]:
    """Draws the rows that train, those that validate and those that are held out.

    How is the schema's `split`: at random, as scikit-learn's `train_test_split` does it (of a
    permutation by numpy's legacy generator, the first ceil(val_size × rows) validate); or

    - stratified: the same, class by class;
    - group: groups are drawn, until their rows are enough;
    - time: the latest rows are held out, those before them validate. Rows of the same time are on
      the same side.

    Returns:
        The row numbers of each side, in the order of the permutation.

    Raises:
        InputError: there would be no row on one side.
    """
    # `shuffle` draws for int32 what `permutation` draws for its int64, in half the memory.
    order = np.arange(table.rows, dtype=np.int32)
    random = np.random.RandomState(seed)
    random.shuffle(order)

    def ends(rows: int) -> tuple[int, int]:
        """Of so many rows in their final order, where those that validate end, and the held out."""
        val, test = math.ceil(val_size * rows), math.ceil(test_size * rows)
        return val, val + test

    def deal(rows: int) -> Sides:
        """The sides of so many rows that are in their final order."""
        sides = np.zeros(rows, np.int8)
        val, test = ends(rows)
        sides[:val] = VAL
        sides[val:test] = TEST
        return sides

    if schema.split == "random":
        val, test, train = np.split(order, ends(table.rows))
    else:
        if schema.split == "stratified":
            sides = _by_class(table.texts[schema.target].codes[order], deal)
        elif schema.split == "group":
            sides = _by_group(_groups(table, str(schema.split_column)), deal, random)[order]
        else:
            sides = _by_time(times_of(table, str(schema.split_column)), deal)[order]
        train, val, test = (order[sides == side] for side in (TRAIN, VAL, TEST))
    check_sides((len(train), len(val), len(test)), test_size)
    return train, val, test


def check_sides(rows: Sequence[int], test_size: float) -> None:
    """Raises InputError if a side, of which `rows` says how long it is, should have rows."""
    if rows[TRAIN] and rows[VAL] and (rows[TEST] or not test_size):
        return
    held_out = f" and {rows[TEST]} held out" if test_size else ""
    raise InputError(
        f"each side of the split must have rows, got of {sum(rows)} rows {rows[TRAIN]} train, "
        f"{rows[VAL]} validate{held_out}; add rows, or change val_size"
    )


def _by_class(classes: npt.NDArray[np.integer[Any]], deal: Callable[[int], Sides]) -> Sides:
    sides = np.zeros(len(classes), np.int8)
    for code in np.unique(classes):
        sides[classes == code] = deal(int(np.count_nonzero(classes == code)))
    return sides


def _by_group(
    groups: npt.NDArray[np.integer[Any]],
    deal: Callable[[int], Sides],
    random: np.random.RandomState,
) -> Sides:
    sizes = np.bincount(groups)
    drawn = random.permutation(len(sizes))
    # A group is on the side on which its first row would be, were the rows dealt group by group.
    firsts = np.cumsum(sizes[drawn]) - sizes[drawn]
    side_of = np.zeros(len(sizes), np.int8)
    side_of[drawn] = deal(len(groups))[firsts]
    return side_of.take(groups)


def _by_time(times: npt.NDArray[np.float64], deal: Callable[[int], Sides]) -> Sides:
    # Equal times count as one: all have the rank of the last of them.
    ascending = np.sort(times)
    before = np.searchsorted(ascending, times, side="right")
    sides = deal(len(times))
    latest: Sides = np.concatenate([sides[sides == side] for side in (TEST, VAL, TRAIN)])
    return latest.take(len(times) - before)


def _groups(table: Table, name: str) -> npt.NDArray[np.integer[Any]]:
    """For each row the number of its group."""
    if name in table.texts:
        codes: npt.NDArray[np.integer[Any]] = table.texts[name].codes
        return codes
    return np.unique(table.numbers[name], return_inverse=True)[1]


def times_of(table: Table, name: str) -> npt.NDArray[np.float64]:
    """Numbers that are in the order of the column's times."""
    if name in table.numbers:
        return table.numbers[name].astype(np.float64)
    texts = table.texts[name]
    dates = [date.isoformat() for level in texts.levels if (date := date_of(level))]
    rank = {date: rank for rank, date in enumerate(sorted(set(dates)))}
    ranks: npt.NDArray[np.float64] = np.array([rank[date] for date in dates], np.float64)
    return ranks.take(texts.codes)

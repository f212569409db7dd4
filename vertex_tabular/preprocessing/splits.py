"""The three splits of a table: their numbers, and what their files are called."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer import contract
from trainer.errors import InputError

TRAIN, VAL, TEST = 0, 1, 2
Splits = npt.NDArray[np.int8]  # for each row, one of the three


@dataclass(frozen=True)
class SplitFiles:
    """How the rows of a split are named: as one file, as shards, and in words."""

    flag: str
    file: str
    directory: str
    keys: tuple[str, str]
    words: str

    def shard(self, number: int) -> str:
        return f"{self.directory}/{self.flag}-{number:05d}.npz"


# By the number of the split.
SPLIT_FILES = (
    SplitFiles(
        "train", contract.TRAIN_DATA, contract.TRAIN_SHARDS, contract.TRAIN_KEYS, "training"
    ),
    SplitFiles("val", contract.VAL_DATA, contract.VAL_SHARDS, contract.VAL_KEYS, "validation"),
    SplitFiles("test", contract.TEST_DATA, contract.TEST_SHARDS, contract.TEST_KEYS, "test"),
)


def check_rows(rows: Sequence[int], test_size: float) -> None:
    """Raises InputError if a split that should have rows has none; `rows` is how many each has."""
    if rows[TRAIN] and rows[VAL] and (rows[TEST] or not test_size):
        return
    test = f", {rows[TEST]} test" if test_size else ""
    raise InputError(
        f"each split must have rows, got {rows[TRAIN]} training, {rows[VAL]} validation{test} rows "
        f"of {sum(rows)}; add rows, or change val_size"
    )

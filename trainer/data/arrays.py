"""The arrays of one npz file, checked once."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.batches import BLOCK_ROWS
from trainer.errors import InputError
from trainer.npz import read_npz
from trainer.reading import reading
from trainer.tasks.losses import Task

Raw = NDArray[np.float64]


def read_arrays(path: Path, keys: tuple[str, str], only_y: bool = False) -> tuple[Raw, Raw]:
    """The arrays `keys` of an npz, x (n, d) and y (n,) of numbers, x empty with `only_y`.

    Never unpickles. Raises InputError when the file is not such an npz.
    """
    if path.stat().st_size == 0:
        raise InputError(f"an npz must hold arrays, got the empty file {path}")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not an npz file, or is truncated")
    with reading(path, "an npz of plain arrays", error=InputError):
        arrays = read_npz(path, keys[1:] if only_y else keys)
    y = arrays[keys[1]]
    x = np.empty((len(y) if y.ndim else 1, 0)) if only_y else arrays[keys[0]]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    for key, array, dimensions in ((keys[0], x, 2), (keys[1], y, 1)):
        if array.ndim != dimensions:
            raise InputError(
                f"{path}: {key} must have {dimensions} dimension(s), got shape {array.shape}"
            )
        if array.dtype.kind not in "biuf":
            raise InputError(f"{path}: {key} must hold numbers, got dtype {array.dtype}")
    if len(x) != len(y):
        raise InputError(
            f"{path}: {keys[0]} and {keys[1]} must have equally many rows, "
            f"got {len(x)} and {len(y)}"
        )
    if len(y) == 0 or x.size == 0 and not only_y:
        raise InputError(f"{path}: {keys[0]} must have rows and columns, got shape {x.shape}")
    if not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(y))[0])
        raise InputError(f"{path}: {keys[1]} must be finite, got {y[row]} in row {row}")
    return x, y


def convert(x: Raw, y: Raw, path: Path, keys: tuple[str, str], task: Task, out: Tensor) -> Tensor:
    """Writes x to `out`, float32 with a last column of ones; returns the task's targets.

    Raises InputError for what float32 or the task cannot take.
    """
    task.check(y, f"{path}: {keys[1]}")
    with np.errstate(over="ignore"):  # becomes infinite, and is reported below
        for i in range(0, len(x), BLOCK_ROWS):
            block = out[i : i + BLOCK_ROWS].numpy()
            block[:, :-1] = x[i : i + BLOCK_ROWS]
            block[:, -1] = 1
            if not np.isfinite(block).all():
                row, column = np.argwhere(~np.isfinite(block))[0]
                raise InputError(
                    f"{path}: {keys[0]} must be finite in float32, got {x[i + row, column]} in "
                    f"row {i + row}, column {column}"
                )
    return task.targets(y)

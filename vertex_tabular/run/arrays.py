"""The arrays of features that a run was trained and validated on."""

import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import InputError
from trainer.uri import input_file, local_path

Array = NDArray[Any]


def read_rows(uri: str, keys: tuple[str, str], limit: int | None = None) -> tuple[Array, Array]:
    """X (rows, features) and y (rows,) of an npz, or of a directory's shards: all rows, or the
    first `limit`, which is quick.

    Preprocessing writes the rows of one npz in random order, so the first are as good a sample as
    any; those of shards are in the table's order.

    Raises:
        InputError: the file is missing, or has not these keys.
    """
    path = local_path(uri)
    shards = sorted(path.glob(f"{keys[0].removeprefix('X_')}-*.npz")) if path.is_dir() else []
    found: list[tuple[Array, Array]] = []
    rows = 0
    for path in shards or [input_file(uri)]:
        try:
            with zipfile.ZipFile(path) as file:
                left = None if limit is None else limit - rows
                x, y = (_first_rows(file, key, left) for key in keys)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(
                f"arrays must be an npz with {' and '.join(keys)}, got {path}: {error}"
            ) from error
        found.append((x, y))
        rows += len(y)
        if rows == limit:
            break
    if len(found) == 1:
        return found[0]
    x, y = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return x, y


def _first_rows(file: zipfile.ZipFile, key: str, limit: int | None) -> Array:
    with file.open(f"{key}.npy") as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            header = np.lib.format.read_array_header_2_0
        shape, by_column, dtype = header(member)
        if by_column and len(shape) > 1:
            raise ValueError(f"{key} must be in C order, got Fortran order")
        rows = shape[0] if limit is None else min(limit, shape[0])
        data = member.read(rows * math.prod(shape[1:]) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(rows, *shape[1:])

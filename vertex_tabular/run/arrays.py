"""The arrays of features that a run was trained and validated on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import InputError
from trainer.npz import read_npz
from trainer.reading import reading
from trainer.uri import input_file, local_path

Array = NDArray[Any]

NUMBERS = frozenset("biuf")  # kinds of dtypes


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
        with reading(path, f"an npz with {' and '.join(keys)}", error=InputError):
            arrays = read_npz(path, keys, None if limit is None else limit - rows)
            x, y = (arrays[key] for key in keys)
            if x.ndim != 2 or y.shape != x.shape[:1] or not {x.dtype.kind, y.dtype.kind} <= NUMBERS:
                raise ValueError(f"{x.dtype} of shape {x.shape} and {y.dtype} of shape {y.shape}")
        found.append((x, y))
        rows += len(y)
        if rows == limit:
            break
    if len(found) == 1:
        return found[0]
    x, y = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return x, y

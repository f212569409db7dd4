"""A finished run as the report reads it: its files, and the arrays it was trained on."""

import csv
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError, TabularError
from trainer.uri import input_file, local_path
from vertex_tabular.features import spec as features

Array = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """The content of a run directory.

    Attributes:
        directory: where the files are.
        metrics: the content of metrics.json.
        history: float64 (epochs,) by column of eval_history.csv.
        y: the truth of the validation rows, (n,): int64 classes or float64 numbers.
        predictions: float32 (n,) probability of class 1 or predicted number, or (n, k).
        spec: how columns became features; None for a run on arrays of one's own.
        log: the lines of training.log.
        files: sha256 by name of file.
    """

    directory: Path
    metrics: dict[str, Any]
    history: dict[str, NDArray[np.float64]]
    y: Array
    predictions: NDArray[np.float32]
    spec: features.Spec | None
    log: list[str]
    files: dict[str, str]

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        return cast(str, self.metrics["task"])

    @property
    def classes(self) -> list[str]:
        """The names of the classes; none for regression."""
        if self.task == "regression":
            return []
        return [str(c) for c in self.metrics["classes"] or range(max(2, self.metrics["outputs"]))]


def load(run_directory: str) -> Run:
    """Reads a run directory, each file checked against its manifest.

    Raises:
        TabularError: a file is missing or damaged; the message names it.
    """
    directory = local_path(run_directory)
    contract.check_manifest(directory)
    try:
        manifest = json.loads((directory / contract.MANIFEST).read_bytes())
        metrics = json.loads((directory / contract.METRICS).read_bytes())
        with np.load(directory / contract.PREDICTIONS) as arrays:
            y = arrays["y_true"]
            key = "prediction" if metrics["task"] == "regression" else "probability"
            predictions = arrays[key]
        return Run(
            directory,
            metrics,
            read_history(directory / contract.HISTORY),
            y,
            predictions,
            _spec(directory / contract.SPEC),
            _lines(directory / contract.LOG),
            {name: file["sha256"] for name, file in manifest["files"].items()},
        )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TabularError(f"{directory} must hold a finished run, got {error}") from error


def read_rows(uri: str, keys: tuple[str, str], most: int | None = None) -> tuple[Array, Array]:
    """X (rows, features) and y (rows,) of an npz, or of a directory's shards: all rows, or the
    first `most`, which is quick.

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
                left = None if most is None else most - rows
                x, y = (_first_rows(file, key, left) for key in keys)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(
                f"arrays must be an npz with {' and '.join(keys)}, got {path}: {error}"
            ) from error
        found.append((x, y))
        rows += len(y)
        if rows == most:
            break
    if len(found) == 1:
        return found[0]
    x, y = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return x, y


def _first_rows(file: zipfile.ZipFile, key: str, most: int | None) -> Array:
    with file.open(f"{key}.npy") as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            header = np.lib.format.read_array_header_2_0
        shape, by_column, dtype = header(member)
        if by_column and len(shape) > 1:
            raise ValueError(f"{key} must be in C order, got it is in Fortran's")
        rows = shape[0] if most is None else min(most, shape[0])
        data = member.read(rows * math.prod(shape[1:]) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(rows, *shape[1:])


def read_history(path: Path) -> dict[str, NDArray[np.float64]]:
    """The columns of eval_history.csv, (epochs,) each."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in (rows or [{}])[0]}


def _spec(path: Path) -> features.Spec | None:
    if not path.is_file() or "columns" not in json.loads(path.read_bytes()):
        return None
    return features.load(path)


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.is_file() else []

"""The run directory: the one reader of what training left, checked against its manifest."""

import copy
import csv
import json
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import TabularError
from trainer.models.network import Network
from trainer.tasks.kinds import TASK_KINDS, TaskKind
from trainer.uri import local_path
from vertex_tabular.features.spec import Spec, load_spec

Array = NDArray[Any]
Content = TypeVar("Content")


class RunDirectory:
    """A finished run's files, each read when it is first asked for.

    A file's bytes are compared with the manifest before they are used, once for each instance.

    Attributes:
        path: where the files are.
        files: the sha256 of each file in the manifest, by name.
    """

    def __init__(self, uri: str | Path) -> None:
        """Reads the manifest.

        Args:
            uri: a path or gs:// URI.

        Raises:
            InputError: it is on Cloud Storage and no bucket is mounted here.
            TabularError: the run did not finish, or its manifest is damaged.
        """
        self.path = local_path(str(uri))
        self.files = contract.read_manifest(self.path)
        self._verified: set[str] = set()

    def verify(self) -> None:
        """Compares every file with the manifest.

        Raises:
            TabularError: a file is missing or damaged; the message names it.
        """
        for name in self.files:
            self.file(name)

    def file(self, name: str) -> Path:
        """The path of a file of the run.

        Raises:
            TabularError: it is missing, or is not what the manifest says.
        """
        path = self.path / name
        if name not in self.files:
            raise TabularError(f"a run directory must have {name}, got {self.path} without it")
        if name not in self._verified:
            contract.check_file(path, self.files[name])
            self._verified.add(name)
        return path

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json."""
        metrics: dict[str, Any] = self._read(contract.METRICS, lambda p: json.loads(p.read_bytes()))
        return metrics

    @cached_property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """The columns of eval_history.csv, float64 (epochs,) each."""
        return self._read(contract.HISTORY, _history)

    @property
    def y(self) -> Array:
        """The targets of the validation rows, (n,): int64 classes or float64 numbers."""
        return self._scored[0]

    @property
    def predictions(self) -> Array:
        """Of the validation rows: probabilities of class 1 or numbers (n,), or (n, k)."""
        return self._scored[1]

    @cached_property
    def spec(self) -> Spec | None:
        """How columns became features; None for a run on arrays of one's own."""
        if contract.SPEC not in self.files:
            return None

        def load(path: Path) -> Spec | None:
            return load_spec(path) if "columns" in json.loads(path.read_bytes()) else None

        return self._read(contract.SPEC, load)

    @cached_property
    def origin(self) -> dict[str, str]:
        """The table that the features were made from: its `source` and `fingerprint`; empty where
        spec.json does not say."""
        if contract.SPEC not in self.files:
            return {}
        return self._read(
            contract.SPEC, lambda p: dict(json.loads(p.read_bytes()).get("origin", {}))
        )

    @cached_property
    def log(self) -> list[str]:
        """The lines of training.log; none where there is no log."""
        if contract.LOG not in self.files:
            return []
        return self._read(contract.LOG, lambda p: p.read_text(errors="replace").splitlines())

    @cached_property
    def network(self) -> Network:
        """The trained network."""
        return Network(self.file(contract.WEIGHTS), self.metrics["family"])

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        return str(self.metrics["task"])

    @property
    def kind(self) -> TaskKind:
        """The kind of its task."""
        return TASK_KINDS[self.task]

    @property
    def classes(self) -> list[str]:
        """The names of the classes; none for regression."""
        if not self.kind.classifies:
            return []
        return [str(c) for c in self.metrics["classes"] or range(max(2, self.metrics["outputs"]))]

    @property
    def target(self) -> str:
        """The name of the target's column; `target` where it has none."""
        return self.spec.target if self.spec else "target"

    def on(self, y: Array, predictions: Array) -> "RunDirectory":
        """The same run, with the targets and predictions of other rows."""
        other = copy.copy(self)
        other._scored = (y, predictions)
        return other

    @cached_property
    def _scored(self) -> tuple[Array, Array]:
        def load(path: Path) -> tuple[Array, Array]:
            with np.load(path) as arrays:
                return arrays["y_true"], arrays[self.kind.prediction_key]

        return self._read(contract.PREDICTIONS, load)

    def _read(self, name: str, load: Callable[[Path], Content]) -> Content:
        path = self.file(name)
        try:
            return load(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise TabularError(f"{path} must be the file of a finished run; {error}") from error


def last_lines(uri: str, limit: int = 5) -> str:
    """The end of a run's training.log on one line, also of a run that did not finish."""
    try:
        lines = (local_path(uri) / contract.LOG).read_text(errors="replace").splitlines()
    except OSError:
        return f"there is no {contract.LOG}"
    return f"{contract.LOG} ends: {' | '.join(lines[-limit:])}"


def _history(path: Path) -> dict[str, NDArray[np.float64]]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in (rows or [{}])[0]}

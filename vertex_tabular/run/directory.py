"""The run directory: the one reader of what training left, checked against its manifest."""

import copy
import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import TabularError
from trainer.models.network import Network
from trainer.npz import read_npz
from trainer.reading import parse_json, reading, typed
from trainer.tasks.kinds import TASK_KINDS, TaskKind
from trainer.uri import local_path
from vertex_tabular.features.spec import Spec, parse_spec

Array = NDArray[Any]
Content = TypeVar("Content")

NEEDED = {"class_weight", "train", "val"}  # hyperparameters


@dataclass(frozen=True)
class _Metrics:
    """What metrics.json says beside the metrics, and readers and pages rely on."""

    task: str
    family: str
    best_epoch: int
    epochs: int
    features: int
    outputs: int
    parameters: int
    device: str
    seconds: float
    rows: dict[str, int]
    feature_names: list[str]
    classes: list[str] | None
    hyperparameters: dict[str, Any]
    versions: dict[str, str]

    def __post_init__(self) -> None:
        """Raises ValueError if they do not fit each other."""
        if self.task not in TASK_KINDS or self.outputs < 1 or self.best_epoch < 0:
            raise ValueError(f"task {self.task}, {self.outputs} outputs, epoch {self.best_epoch}")
        if not {"train", "validation"} <= set(self.rows) or not set(self.hyperparameters) >= NEEDED:
            raise ValueError("not all of its rows and hyperparameters")
        if len(self.feature_names) != self.features:
            raise ValueError(f"{len(self.feature_names)} names of {self.features} features")
        if self.classes is not None and len(self.classes) != max(2, self.outputs):
            raise ValueError(f"{len(self.classes)} classes of {self.outputs} outputs")


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
        return self._read(contract.METRICS, _metrics)

    @cached_property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """The columns of eval_history.csv, float64 (epochs,) each."""

        def load(path: Path) -> dict[str, NDArray[np.float64]]:
            history = _history(path)
            needed = ("epoch", "train_loss", "validation_loss", f"validation_{self.kind.score}")
            for name in needed if history else ():
                if len(history[name]) < self.metrics["best_epoch"]:
                    raise ValueError(f"no epoch {self.metrics['best_epoch']}")
            return history

        return self._read(contract.HISTORY, load)

    @cached_property
    def candidates(self) -> list[dict[str, str]]:
        """The rows of candidates.csv, of a run that chose its model; none of another."""
        if contract.CANDIDATES not in self.files:
            return []

        def load(path: Path) -> list[dict[str, str]]:
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for row in rows:
                float(row["loss"]), float(row["share"]), row["candidate"]
            return rows

        return self._read(contract.CANDIDATES, load)

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
            content = parse_json(path.read_bytes())
            if "columns" not in content:
                return None
            spec = parse_spec(content)
            same = spec.task == self.task and spec.classes == self.metrics["classes"]
            if not same or len(spec.features) != self.metrics["features"]:
                raise ValueError(f"{len(spec.features)} features of another model")
            return spec

        return self._read(contract.SPEC, load)

    @cached_property
    def origin(self) -> dict[str, str]:
        """The table that the features were made from: its `source` and `fingerprint`; empty where
        spec.json does not say."""
        if contract.SPEC not in self.files:
            return {}

        def load(path: Path) -> dict[str, str]:
            origin: dict[str, str] = typed(
                dict[str, str], parse_json(path.read_bytes()).get("origin", {})
            )
            return origin

        return self._read(contract.SPEC, load)

    @cached_property
    def log(self) -> list[str]:
        """The lines of training.log; none where there is no log."""
        if contract.LOG not in self.files:
            return []
        return self._read(contract.LOG, lambda p: p.read_text(errors="replace").splitlines())

    @cached_property
    def network(self) -> Network:
        """The trained network."""

        def load(path: Path) -> Network:
            network = Network(path, self.metrics["family"])
            features, outputs = self.metrics["features"], self.metrics["outputs"]
            if (shape := network(np.zeros((1, features), np.float32)).shape) != (1, outputs):
                raise ValueError(f"a network of {shape[1:]} outputs, where there are {outputs}")
            return network

        return self._read(contract.WEIGHTS, load)

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
            y, predictions = read_npz(path, ("y_true", self.kind.prediction_key)).values()
            outputs = self.metrics["outputs"]
            shape = (len(y), outputs) if self.task == "multiclass" else (len(y),)
            numbers = all(array.dtype.kind in "iuf" for array in (y, predictions))
            if y.ndim != 1 or not len(y) or predictions.shape != shape or not numbers:
                raise ValueError(f"predictions of shape {predictions.shape} for {y.shape}")
            if self.kind.classifies and not set(np.unique(y)) <= set(range(max(2, outputs))):
                raise ValueError("targets that are no classes")
            return y, predictions

        return self._read(contract.PREDICTIONS, load)

    def _read(self, name: str, load: Callable[[Path], Content]) -> Content:
        path = self.file(name)
        with reading(path, "the file of a finished run"):
            return load(path)


def last_lines(uri: str, limit: int = 5) -> str:
    """The end of a run's training.log on one line, also of a run that did not finish."""
    try:
        lines = (local_path(uri) / contract.LOG).read_text(errors="replace").splitlines()
    except OSError:
        return f"there is no {contract.LOG}"
    return f"{contract.LOG} ends: {' | '.join(lines[-limit:])}"


def _metrics(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = typed(dict[str, Any], parse_json(path.read_bytes()))
    recorded: _Metrics = typed(_Metrics, content)
    kind = TASK_KINDS[recorded.task]
    measured = {k: v for k, v in content.items() if k.startswith(("validation_", "test_"))}
    typed(dict[str, float | None], measured)
    typed(float, content.get(f"validation_{kind.primary_metric}"), kind.primary_metric)
    if not kind.classifies:
        typed(float, content.get("target_scale"), "target_scale")
    return content


def _history(path: Path) -> dict[str, NDArray[np.float64]]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in (rows or [{}])[0]}

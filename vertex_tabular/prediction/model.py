"""A finished run's model in use, in three lines of a notebook.

    from vertex_tabular.prediction.model import load_model
    model = load_model("runs/20261123-063131-3bd406/train/run_directory")
    model.predict({"Age": [22, None], "Sex": ["male", "female"], ...})  # or a DataFrame

Needs the run directory only, and no torch. Rows become features by `features.make_features`, as
those of training do. `prediction.table` answers whole tables; on a command line: tabpipe predict
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError
from trainer.models.network import Network
from trainer.uri import local_path
from vertex_tabular.features import spec as features
from vertex_tabular.features.spec import Feature, Spec
from vertex_tabular.prediction.inputs import broken_column, inputs_of
from vertex_tabular.schema.values import MISSING, broken_number, is_missing
from vertex_tabular.tables.reader import Categorical, Table

log = logging.getLogger(__name__)

CHUNK_ROWS = 4096  # through the network at a time: its layers stay in the processor's cache

Floats = NDArray[np.float32]


class Columns(Protocol):
    """Columns by name, one value a row in each: a dict of lists or arrays, a pandas DataFrame."""

    def __contains__(self, name: object, /) -> bool: ...
    def __getitem__(self, name: Any, /) -> Any: ...


@dataclass(frozen=True)
class Model:
    """A trained model and what turns rows into its inputs; made by `load_model`.

    Attributes:
        spec: how a row becomes features.
        task: binary, multiclass or regression.
        classes: the target's classes, in the order of the probabilities; empty for regression.
        metrics: the content of metrics.json.
        network: float32 features (n, features) to logits (n, outputs).
    """

    spec: Spec
    task: str
    classes: list[float | str]
    metrics: dict[str, Any]
    network: Network

    def predict(self, columns: Columns) -> Floats:
        """The model's answers to rows as they are in the CSV: texts, numbers, and what is missing
        as None, NaN or "". Levels unseen in training are logged as a warning.

        Returns:
            float32: probabilities of the second class (n,) for two classes, of each class (n, k)
            for more, or values (n,) in the target's units.

        Raises:
            InputError: a column is not there, or has a value that its kind does not allow.
        """
        table = table_of(self.spec, columns)
        for name, count in features.unseen(self.spec, table).items():
            log.warning("%s is unseen in training in %d of %d rows", name, count, table.rows)
        return self.of_table(table)

    def of_table(self, table: Table) -> Floats:
        """The same of a table that was read."""
        return self._in_chunks(table, lambda x: self.network.predict(self.task, x))

    def logits(self, table: Table) -> Floats:
        """What the last layer gives: float32 (n, outputs)."""
        return self._in_chunks(table, self.network)

    def choices(self, predictions: Floats) -> NDArray[np.int64]:
        """The position in `classes` of the class that each row is given: int64 (n,)."""
        if self.task == "binary":
            return (predictions > 0.5).astype(np.int64)
        positions: NDArray[np.int64] = predictions.argmax(axis=1)
        return positions

    def _in_chunks(self, table: Table, answer: Callable[[Floats], Floats]) -> Floats:
        rows_of = features.make_features(self.spec, table, "float32")
        starts = range(0, max(table.rows, 1), CHUNK_ROWS)  # of no rows, the shape too
        rows = (np.arange(start, min(start + CHUNK_ROWS, table.rows)) for start in starts)
        return np.concatenate([answer(rows_of(chunk)) for chunk in rows])


def load_model(run_directory: str) -> Model:
    """The model that a training left in its run directory, a path or a gs:// URI.

    Raises:
        InputError: there is no such directory, or its training had no spec.json.
        TabularError: the training did not finish, or a file is damaged.
    """
    directory = local_path(run_directory)
    if not directory.is_dir():
        raise InputError(f"a run directory must be a directory, got {run_directory}")
    names = contract.check_manifest(directory)
    if contract.SPEC not in names:
        raise InputError(
            f"to predict from rows, a run directory must have {contract.SPEC}, got "
            f"{run_directory} has none; train on the arrays of `tabpipe preprocess`"
        )
    metrics = json.loads((directory / contract.METRICS).read_bytes())
    spec = features.load(directory / contract.SPEC)
    classes: list[float | str] = []
    if metrics["task"] != "regression":
        classes = spec.classes or list(range(max(2, metrics["outputs"])))
    return Model(
        spec,
        metrics["task"],
        classes,
        metrics,
        Network(directory / contract.WEIGHTS, metrics["family"]),
    )


def table_of(spec: Spec, columns: Columns) -> Table:
    """Columns in memory as the table that reading them from a CSV would give.

    Raises:
        InputError: a column is not there or has another length, or a value is not allowed.
    """
    absent = [feature.name for feature in spec.columns if feature.name not in columns]
    if absent:
        raise InputError(f"columns must be there, got there is no {', '.join(absent)}")
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, Categorical] = {}
    rows: dict[str, int] = {}
    for feature in spec.columns:
        values = columns[feature.name]
        # By way of a list, in which pandas' types and numpy's are Python's, dates in ns excepted.
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            values = values.astype("datetime64[us]")
        values = values.tolist() if hasattr(values, "tolist") else values
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise InputError(f"{feature.name} must be a list or an array, got {values!r}")
        values = [None if _is_missing(value) else value for value in values]
        if feature.kind == "numeric":
            numbers[feature.name] = _numbers(feature, values)
        else:
            texts[feature.name] = _texts(feature, values)
        rows[feature.name] = len(values)
    if len(set(rows.values())) > 1:
        raise InputError(f"columns must be of one length, got {rows}")
    table = Table(next(iter(rows.values())), numbers, texts)
    for column in inputs_of(spec).columns:
        if problem := broken_column(table, column):
            raise InputError(problem)
    return table


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return value in MISSING
    # pandas.NA and NaT are known by name, because pandas need not be installed.
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def _numbers(feature: Feature, values: Sequence[Any]) -> NDArray[np.float64]:
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or (isinstance(value, str) and is_missing(value, numeric=True)):
            continue
        try:  # a text by the CSV's rules: Python takes 1_000 for a number
            rule = broken_number(value) if isinstance(value, str) else None
            numbers[row] = np.nan if rule else float(value)
        except (TypeError, ValueError):
            rule = "a number"
        if rule:
            raise InputError(f"{feature.name} must be {rule}, got {value!r} (row {row})")
    return numbers


def _texts(feature: Feature, values: Sequence[Any]) -> Categorical:
    """Values as their text in a CSV. What is whole is shown so, because a missing value beside
    them makes pandas turn 3 into 3.0; but not if training's levels have the point."""
    level_of: dict[str, int] = {}
    known = set(feature.levels)
    codes = np.full(len(values), -1, np.int32)
    for row, value in enumerate(values):
        if value is not None:
            text = str(value)
            if isinstance(value, float) and value.is_integer() and text not in known:
                text = str(int(value))
            codes[row] = level_of.setdefault(text, len(level_of))
    return Categorical(codes, list(level_of))

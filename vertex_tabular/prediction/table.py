"""A model's predictions for a whole table, block by block: `tabpipe predict` and `evaluate`."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError
from trainer.tasks.metrics import compute, predicted_class
from trainer.uri import local_path
from vertex_tabular.features.apply import labels, make_features
from vertex_tabular.features.counting import unseen
from vertex_tabular.features.drift import BinCounts, bin_counts
from vertex_tabular.features.spec import Spec
from vertex_tabular.prediction.inputs import Inputs, broken_column, inputs_of
from vertex_tabular.prediction.model import Floats, Model, load_model
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.prediction.writers import FORMATS
from vertex_tabular.run.find import ROOT
from vertex_tabular.tables import diagnosis, sources
from vertex_tabular.tables.key_columns import KeyColumns
from vertex_tabular.tables.parallel import threaded_map
from vertex_tabular.tables.problems import Problems
from vertex_tabular.tables.reader import read_part
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.rows import rows_of
from vertex_tabular.tables.table import Table

CLASS, PROBABILITY, VALUE = "class", "probability", "prediction"

Result = TypeVar("Result")


@dataclass
class Counts:
    """What a table holds: rows; by column, how many were missing or had an unseen category; and
    their distribution over the bins of training, for `drift.drift`."""

    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    bin_counts: BinCounts = field(default_factory=BinCounts)

    def add(self, other: "Counts") -> None:
        self.rows += other.rows
        self.missing += other.missing
        self.unseen += other.unseen
        self.bin_counts += other.bin_counts


def predict_file(
    model: Model,
    table: str,
    out: str,
    keys: Sequence[str] = (),
    safe_for_spreadsheets: bool = False,
) -> Counts:
    """Writes the model's prediction for each row of a table; memory does not grow with the rows.

    Args:
        table: as `tables.sources` describes it; its target is not read, and need not be there.
        out: a .csv or .parquet. It has the `keys`; then for two classes `class` and `probability`,
            that of the second class; for more `class` and a `probability_CLASS` for each; else
            `prediction`. It appears when it is whole.
        keys: columns of the table to carry over, as they are: a CSV's as text.
        safe_for_spreadsheets: whether a text of a CSV that begins like a formula gets an apostrophe
            in front; a number such as -1.5 does not.

    Raises:
        InputError: the table, a key or `out` is at fault; one line for each problem.
        TabularError: writing failed.
    """
    parts = sources.parts_of(table)
    target = local_path(out)
    keys = list(dict.fromkeys(keys))
    if target.suffix not in FORMATS:
        raise InputError(f"predictions must go to {' or '.join(FORMATS)}, got {out}")
    if target.resolve() in [part.resolve() for part in parts]:
        raise InputError(f"predictions must go to a file of their own, got the input {out}")
    if clashes := sorted(set(keys).intersection(_prediction_names(model))):
        raise InputError(f"a key must not be named like a prediction, got {', '.join(clashes)}")
    schema = inputs_of(model.spec)
    counts = Counts()
    # With one thread, because blocks of rows are side by side already.
    with one_thread(), contract.atomic_write(target) as file:
        writer = FORMATS[target.suffix](file, safe_for_spreadsheets)

        def predict(block: Table, key_columns: Any) -> tuple[Counts, Any]:
            predictions = _predictions(model, block, key_columns)
            return _counts(model.spec, block), writer.encode(predictions)

        for met, encoded in _each_block(parts, schema, keys, predict):
            counts.add(met)
            writer.write(encoded)
        writer.close()
    return counts


@dataclass(frozen=True)
class Evaluation:
    """A model's predictions for a table that has the target.

    Attributes:
        metrics: metrics.json's, without the name of the rows. `loss` is what training minimised;
            it is left out where classes were weighted, by weights that depend on the training rows.
        counts: what the table holds.
        y: float64 (n,), codes of classes or numbers.
        predictions: float32 (n,) or (n, k), as `Model.predict_table` gives them.
        x: float32 (n, features); no columns when they were not asked for.
    """

    metrics: dict[str, float]
    counts: Counts
    y: NDArray[np.float64]
    predictions: Floats
    x: Floats


def evaluate_file(model: Model, table: str, features_too: bool = False) -> Evaluation:
    """The predictions and the targets of all rows, which memory has to hold, and the metrics.

    Raises:
        InputError: the table is at fault; one line for each problem.
    """
    parts = sources.parts_of(table)

    def predict(block: Table, _: Any) -> tuple[Counts, NDArray[np.float64], Floats, Floats]:
        y = _labels(model.spec, block)
        x = np.zeros((block.rows, 0), np.float32)
        if features_too:
            x = make_features(model.spec, block, "float32")(np.arange(block.rows))
        return _counts(model.spec, block), y, model.predict_table(block), x

    counts = Counts()
    targets, predictions, inputs = [], [], []
    schema = inputs_of(model.spec, labelled=True)
    with one_thread():  # blocks of rows are side by side already
        for met, y, predicted, x in _each_block(parts, schema, (), predict):
            counts.add(met)
            targets.append(y)
            predictions.append(predicted)
            inputs.append(x)
    y, predicted = np.concatenate(targets), np.concatenate(predictions)
    computed = compute(model.task, y, predicted)
    metrics = {name: float(value) for name, value in computed.items()}
    if model.metrics["hyperparameters"]["class_weight"] == "none":
        metrics = {"loss": _loss(model, metrics), **metrics}
    return Evaluation(metrics, counts, y, predicted, np.concatenate(inputs))


def evaluate(run: str | Path, table: str | Path, root: str | Path = ROOT) -> dict[str, float]:
    """The metrics of a run's model on a table that has the target, by name.

    Args:
        run: as `load_model` takes it.
        table: as `vertex_tabular.tables.sources` describes it; memory grows with its rows, by
            about 100 MB for a million.
        root: the directory of the runs of this machine.

    Raises:
        InputError: there is no such run, or the table is at fault; one line for each problem.
        TabularError: the training did not finish, or a file is damaged.
    """
    return evaluate_file(load_model(run, root), str(table)).metrics


def _loss(model: Model, metrics: dict[str, float]) -> float:
    """What training minimised, of these rows: the log loss, or the squared error of the
    standardised target."""
    kind = model.run.kind
    if kind.classifies:
        return metrics[kind.loss_metric]
    return (metrics[kind.loss_metric] / float(model.metrics["target_scale"])) ** 2


def _each_block(
    parts: Sequence[Path],
    schema: Inputs,
    keys: Sequence[str],
    predict: Callable[[Table, Any], Result],
) -> Iterator[Result]:
    """`predict` of each block of rows and its keys (an Arrow table), in order, on several threads.

    Raises:
        InputError: something is wrong with the table, or it has no rows.
    """
    rows = 0

    def checked(item: tuple[Table, Any]) -> Result:
        block, key_columns = item
        for column in schema.read:
            problem = broken_column(block, column)
            if not problem and column.name in schema.complete and _missing(block, column.name):
                problem = f"{column.name} must not be missing; {schema.cure_of_no_target}"
            if problem:
                raise TableReadError(problem)
        return predict(block, key_columns)

    def blocks() -> Iterator[tuple[Table, Any]]:
        nonlocal rows
        for part in parts:
            key_columns = KeyColumns(part, keys) if keys else None
            for block in read_part(part, schema):
                if block.rows:
                    rows += block.rows
                    yield block, key_columns.take(block.rows) if key_columns else None

    try:
        yield from threaded_map(checked, blocks())
        if not rows:
            raise TableReadError("no rows")
    except TableReadError as refusal:
        _explain(parts, schema, keys)
        raise InputError(
            f"{parts[0]} must be readable as a table, got an error: {refusal}"
        ) from None


def _explain(parts: Sequence[Path], schema: Inputs, keys: Sequence[str]) -> None:
    """Raises an InputError with everything that is wrong with a table; returns if nothing is."""
    problems = Problems()
    checks = diagnosis.RowChecks(schema, problems)
    names = list(dict.fromkeys([*schema.names, *keys]))
    for part in parts:
        of_part = f" of {part.name}" if len(parts) > 1 else ""
        for where, row in rows_of(part, names, problems, of_part):
            checks.add(where, {name: row[name] for name in schema.names})
    # Not `finish`: of a new table, a column may be empty and all rows of one class.
    if not checks.rows and not problems.count:
        problems.add("a table must have rows, got only a header")
    problems.raise_if_any()


def _counts(spec: Spec, block: Table) -> Counts:
    missing = {feature.name: _missing(block, feature.name) for feature in spec.columns}
    met = Counter({name: count for name, count in missing.items() if count})
    return Counts(block.rows, met, Counter(unseen(spec, block)), bin_counts(spec, block))


def _missing(block: Table, name: str) -> int:
    return int(np.count_nonzero(block.missing(name)))


def _labels(spec: Spec, block: Table) -> NDArray[np.float64]:
    """The target as training had it: codes or numbers, float64 (n,)."""
    try:
        return labels(spec, block, "float64").astype(np.float64)
    except (KeyError, ValueError) as error:  # of a category that is no class; no number either
        classes = ", ".join(map(str, spec.classes or ()))
        raise InputError(
            f"target {spec.target} must be one of the model's classes, {classes}, got {error}"
        ) from None


def _prediction_names(model: Model) -> list[str]:
    if model.task == "regression":
        return [VALUE]
    if model.task == "binary":
        return [CLASS, PROBABILITY]
    return [CLASS, *(f"{PROBABILITY}_{name}" for name in model.run.classes)]


def _predictions(model: Model, block: Table, key_columns: Any) -> Any:
    """The rows to write, an Arrow table: keys, then predictions."""
    import pyarrow as pa

    predictions = model.predict_table(block)
    arrays = list(key_columns.columns) if key_columns is not None else []
    names = list(key_columns.column_names) if key_columns is not None else []
    if model.run.kind.classifies:
        arrays.append(
            pa.array(model.classes_.tolist()).take(pa.array(predicted_class(predictions)))
        )
    arrays += [pa.array(each) for each in predictions.reshape(block.rows, -1).T]
    return pa.table(arrays, names=[*names, *_prediction_names(model)])

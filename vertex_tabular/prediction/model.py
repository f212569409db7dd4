"""A finished run's model in use, in three lines of a notebook.

    from vertex_tabular import load_model
    model = load_model("20261123-063131-3bd406")
    model.predict({"Age": [22, None], "Sex": ["male", "female"], ...})  # or a DataFrame

Needs the run directory only, and no torch. Rows become features by `features.apply`, as
those of training do. `prediction.table` predicts whole tables; on a command line: tabpipe predict
"""

import html
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import contract
from trainer.errors import InputError
from trainer.tasks.metrics import predicted_class
from vertex_tabular.features.apply import make_features
from vertex_tabular.features.counting import check_seen, unseen
from vertex_tabular.features.spec import Spec
from vertex_tabular.prediction.rows import Rows, table_of
from vertex_tabular.run.directory import RunDirectory
from vertex_tabular.run.find import ROOT, find_run
from vertex_tabular.tables.table import Table

log = logging.getLogger(__name__)

CHUNK_ROWS = 4096  # through the network at a time: its layers stay in the processor's cache

Floats = NDArray[np.float32]


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model and what turns rows into its inputs; made by `load_model`.

    Attributes:
        run: what training left.
        spec: how a row becomes features.
    """

    run: RunDirectory
    spec: Spec

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        return self.run.task

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return self.run.metrics

    @cached_property
    def classes_(self) -> NDArray[Any]:
        """The target's classes (k,), in the order of the probabilities; of a classifier only."""
        if not self.run.kind.classifies:
            raise AttributeError("a regression model has no classes")
        return np.array(self.spec.classes or range(max(2, self.metrics["outputs"])))

    def predict(self, rows: Rows) -> NDArray[Any]:
        """The class of each row, one of `classes_`; of a regression model, its value.

        Categories unseen in training are logged as a warning.

        Args:
            rows: with values as in the CSV: texts, numbers, and None, NaN, pandas.NA or "" for
                what is missing. A DataFrame, a dict of lists or arrays, a list of dicts or Series;
                or one row, a dict or Series. Columns that the model does not read are ignored.

        Returns:
            (n,), of the classes' dtype, or float32 in the target's units.

        Raises:
            InputError: a column is missing, has a value that its kind does not allow, or, in ten
                rows or more, none that training knew.
        """
        predictions = self._predictions(rows)
        if not self.run.kind.classifies:
            return predictions
        labels: NDArray[Any] = self.classes_[predicted_class(predictions)]
        return labels

    def predict_proba(self, rows: Rows) -> Floats:
        """The probability of each class, float32 (n, k), in the order of `classes_`.

        Args:
            rows: as those of `predict`.

        Raises:
            InputError: as of `predict`; or it is a regression model.
        """
        if not self.run.kind.classifies:
            raise InputError(
                "predict_proba needs a classifier, got a regression model; use predict"
            )
        predictions = self._predictions(rows)
        if predictions.ndim == 2:
            return predictions
        return np.stack([1 - predictions, predictions], axis=1)

    def predict_table(self, table: Table) -> Floats:
        """The predictions for a table that was read, as training records them: float32 (n,)
        probabilities of the second class or values, or (n, k) probabilities."""
        return self._in_chunks(table, lambda x: self.run.network.predict(self.task, x))

    def _predictions(self, rows: Rows) -> Floats:
        table = table_of(self.spec, rows)
        new = unseen(self.spec, table)
        missing = {name: int(table.missing(name).sum()) for name in new}
        check_seen(self.spec, new, missing, table.rows)
        for name, count in new.items():
            log.warning("%s is unseen in training in %d of %d rows", name, count, table.rows)
        return self.predict_table(table)

    def _in_chunks(self, table: Table, predict: Callable[[Floats], Floats]) -> Floats:
        rows_of = make_features(self.spec, table, "float32")
        starts = range(0, max(table.rows, 1), CHUNK_ROWS)  # of no rows, the shape too
        rows = (np.arange(start, min(start + CHUNK_ROWS, table.rows)) for start in starts)
        return np.concatenate([predict(rows_of(chunk)) for chunk in rows])

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self._facts().items())
        return f"Model({facts})"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in self._facts().items()
        )
        return f"<table><caption>Model</caption>{cells}</table>"

    def _facts(self) -> dict[str, str]:
        """The few facts that tell this model from others."""
        facts = {"task": self.task, "target": self.spec.target}
        if self.run.kind.classifies:
            shown = [str(name) for name in self.classes_[:5]]
            rest = len(self.classes_) - len(shown)
            facts["classes"] = f"[{', '.join(shown)}{f', {rest} more' if rest else ''}]"
        facts["columns"] = str(len(self.spec.columns))
        name = self.run.kind.primary_metric
        value = self.metrics[f"validation_{name}"]
        return {**facts, f"validation_{name}": f"{value:.4g}"}


def load_model(run: str | Path, root: str | Path = ROOT) -> Model:
    """The model of a finished run.

    Args:
        run: the id of a run in `root`, the directory of a run, or a run directory: a path or
            gs:// URI.
        root: the directory of the runs of this machine.

    Raises:
        InputError: there is no such run, or its training had no spec.json.
        TabularError: the training did not finish, or a file is damaged.
    """
    directory = RunDirectory(find_run(run, root))
    directory.verify()
    if directory.spec is None:
        raise InputError(
            f"to predict from rows, a run directory must have {contract.SPEC}, got {run} without "
            "it; train on the arrays of `tabpipe preprocess`"
        )
    return Model(directory, directory.spec)

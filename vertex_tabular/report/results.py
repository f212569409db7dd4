"""A finished training run as the next step reads it: its figures, and the curves of its answers.

Reads `metrics.json`, `val_predictions.npz` and the manifest.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainer import contract
from trainer.errors import TabularError
from trainer.uri import local_path
from vertex_tabular.report import curves

LOG_LINES = 5


@dataclass(frozen=True)
class Results:
    """What a run's files say, in plain numbers and lists, ready to be shown.

    Attributes:
        metrics: figure by name, finite numbers only.
        model: what describes the model: task, features, versions.
        roc: false positive rates, true positive rates and thresholds; binary tasks only.
        confusion: names of the classes, and the counts (rows: truth); not for regression.
    """

    metrics: dict[str, float]
    model: dict[str, Any]
    roc: tuple[list[float], list[float], list[float]] | None
    confusion: tuple[list[str], list[list[int]]] | None


def load(run_directory: str, job: str) -> Results:
    """Checks every file of a run against its manifest, and reads it.

    Raises:
        TabularError: a file is missing or damaged; the message names the file, `job`, and the
            last lines of the log.
    """
    directory = local_path(run_directory)
    try:
        contract.check_manifest(directory)
    except TabularError as error:
        raise TabularError(f"{error}; job: {job}; {_last_lines(directory)}") from error
    recorded = json.loads((directory / contract.METRICS).read_bytes())
    metrics = {
        name: value
        for name, value in recorded.items()
        if name.startswith(("validation_", "test_", "best_epoch")) and value is not None
    }
    described = ("task", "feature_names", "classes", "parameters", "device", "seed")
    model = {"framework": "PyTorch", **{name: recorded[name] for name in described}}
    model["torch"] = recorded["versions"]["torch"]
    roc = confusion = None
    if recorded["task"] != "regression":
        with np.load(directory / contract.PREDICTIONS) as arrays:
            y_true, probability = arrays["y_true"], arrays["probability"]
        names = [str(name) for name in recorded["classes"] or range(max(2, recorded["outputs"]))]
        if recorded["task"] == "binary":
            roc = roc_curve(y_true, probability)
            predicted = (probability > 0.5).astype(int)
        else:
            predicted = probability.argmax(axis=1)
        confusion = (names, confusion_counts(y_true, predicted, len(names)))
    return Results(metrics, model, roc, confusion)


def roc_curve(
    y_true: "np.ndarray[Any, Any]", probability: "np.ndarray[Any, Any]"
) -> tuple[list[float], list[float], list[float]] | None:
    """The ROC curve of probabilities (n,) for truths (n,) of 0 and 1, at most 200 points.

    None when the rows are all of one class, which have no such curve. The first threshold is 1,
    and not infinity, which is not JSON.
    """
    ranking = curves.ranking(y_true == 1, probability)
    if ranking is None:
        return None
    fpr, tpr, thresholds = ranking.roc()
    return fpr.tolist(), tpr.tolist(), np.minimum(thresholds, 1.0).tolist()


def confusion_counts(
    y_true: "np.ndarray[Any, Any]", predicted: "np.ndarray[Any, Any]", classes: int
) -> list[list[int]]:
    """How many rows of each true class (rows) were given each class (columns)."""
    pairs = y_true.astype(np.int64) * classes + predicted
    counts: list[list[int]] = (
        np.bincount(pairs, minlength=classes**2).reshape(classes, classes).tolist()
    )
    return counts


def _last_lines(directory: Path) -> str:
    """The end of the training log, on one line."""
    try:
        lines = (directory / contract.LOG).read_text(errors="replace").splitlines()
    except OSError:
        return f"there is no {contract.LOG}"
    return f"{contract.LOG} ends: {' | '.join(lines[-LOG_LINES:])}"

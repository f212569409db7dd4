"""A finished run as its artifacts show it in the Console: numbers, lists and texts."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import TabularError
from trainer.tasks.metrics import confusion_matrix
from vertex_tabular.report import curves
from vertex_tabular.run.directory import RunDirectory, last_lines

SHOWN = ("validation_", "test_", "best_epoch")
DESCRIBED = ("task", "feature_names", "classes", "parameters", "device", "seed")


@dataclass(frozen=True)
class Results:
    """What a run's artifacts show.

    Attributes:
        run: the run, every file of which is as its manifest says.
        metrics: by name, finite numbers only.
        model: what describes the model: task, features, versions.
        roc: false positive rates, true positive rates and thresholds; binary tasks only.
        confusion: names of the classes, and the counts (rows: true classes); not for regression.
    """

    run: RunDirectory
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
    try:
        run = RunDirectory(run_directory)
        run.verify()
    except TabularError as error:
        raise TabularError(f"{error}; job: {job}; {last_lines(run_directory)}") from error
    recorded = run.metrics
    metrics = {name: value for name, value in recorded.items() if name.startswith(SHOWN)}
    model = {
        "framework": "PyTorch",
        **{name: recorded[name] for name in DESCRIBED},
        "torch": recorded["versions"]["torch"],
    }
    confusion = roc = None
    if run.kind.classifies:
        confusion = (run.classes, confusion_matrix(run.y, run.predictions).tolist())
    if run.task == "binary":
        roc = roc_curve(run.y, run.predictions)
    return Results(run, _finite(metrics), _finite(model), roc, confusion)


def roc_curve(
    y: NDArray[Any], probability: NDArray[Any]
) -> tuple[list[float], list[float], list[float]] | None:
    """The ROC curve of probabilities (n,) for targets (n,) of 0 and 1, at most 200 points.

    None when the rows are all of one class, which have no such curve. The first threshold is 1,
    and not infinity, which is not JSON.
    """
    ranking = curves.ranking(y == 1, probability)
    if ranking is None:
        return None
    fpr, tpr, thresholds = ranking.roc()
    return fpr.tolist(), tpr.tolist(), np.minimum(thresholds, 1.0).tolist()


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """`values` without None, NaN and infinity: Kubeflow's launcher fails at a null in metadata."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    }

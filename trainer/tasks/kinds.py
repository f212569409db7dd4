"""What the kinds of task differ in, without torch: one entry of `TASK_KINDS` each.

Its torch half, the loss and its gradient, is the class of the same name in `trainer.tasks.losses`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.metrics import Metric, metrics_of

Array = NDArray[Any]


def sigmoid(logits: Array) -> Array:
    """Logits (n, 1) to the probability of class 1, (n,); no overflow."""
    p: Array = (1 + np.tanh(logits[:, 0] / 2)) / 2
    return p


def softmax(logits: Array) -> Array:
    """Logits (n, k) to the probability of each class, (n, k)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    p: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return p


def identity(logits: Array) -> Array:
    """The one output (n, 1) as numbers, (n,)."""
    return logits[:, 0]


@dataclass(frozen=True)
class TaskKind:
    """One kind of task.

    Attributes:
        name: binary, multiclass or regression.
        classifies: whether the target is one of several classes, rather than a number.
        link: the network's outputs (n, outputs) to predictions.
        prediction_key: of the predictions' npz.
        score: the metric that is shown with each epoch.
        primary_metric: the metric that a report's first sentence names.
        loss_metric: the metric that is the loss, or goes with it, of predictions.
        loss_unit: of the loss that is trained on.
        charts: the names of its charts, in the report's order: keys of `report.plots.CHARTS`.
        baselines: what a model has to beat: keys of `report.baselines.BASELINES`.
    """

    name: str
    classifies: bool
    link: Callable[[Array], Array]
    prediction_key: str
    score: str
    primary_metric: str
    loss_metric: str
    loss_unit: str
    charts: tuple[str, ...]
    baselines: tuple[str, ...]

    @property
    def metrics(self) -> dict[str, Metric]:
        """Its metrics, by name."""
        return metrics_of(self.name)

    def outputs(self, classes: int) -> int:
        """How many outputs the network has, of so many classes."""
        return classes if self.name == "multiclass" else 1


TASK_KINDS = {
    kind.name: kind
    for kind in (
        TaskKind(
            name="binary",
            classifies=True,
            link=sigmoid,
            prediction_key="probability",
            score="accuracy",
            primary_metric="accuracy",
            loss_metric="log_loss",
            loss_unit="nats",
            charts=("discrimination", "rates", "calibration"),
            baselines=("Majority class", "Logistic regression", "Boosted trees"),
        ),
        TaskKind(
            name="multiclass",
            classifies=True,
            link=softmax,
            prediction_key="probability",
            score="accuracy",
            primary_metric="accuracy",
            loss_metric="log_loss",
            loss_unit="nats",
            charts=("discrimination", "calibration"),
            baselines=("Majority class", "Logistic regression", "Boosted trees"),
        ),
        TaskKind(
            name="regression",
            classifies=False,
            link=identity,
            prediction_key="prediction",
            score="rmse",
            primary_metric="rmse",
            loss_metric="rmse",
            loss_unit="mean squared error, standardised",
            charts=("numbers",),
            baselines=("Training mean", "Linear regression", "Boosted trees"),
        ),
    )
}
TASKS = tuple(TASK_KINDS)

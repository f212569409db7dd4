"""What candidates are judged by: predictions for rows, and their loss."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.models.blend import TINY
from trainer.tasks.losses import Task
from trainer.tasks.metrics import probability_of_truth

Array = NDArray[Any]


def predictions_of(task: Task, logits: Array) -> Array:
    """What logits (n, outputs) predict: probabilities float64 (n, outputs), of class 1 where there
    are two; of a number itself, standardised."""
    logits = logits.astype(np.float64)
    if not task.kind.classifies:
        return logits
    linked: Array = task.kind.link(logits) if len(logits) else logits
    return linked.reshape(logits.shape)


def make_loss(task: Task, y: Array) -> Callable[[Array], float]:
    """The mean loss of predictions for rows whose targets are `y` (n,), as training has them."""
    if not task.kind.classifies:
        return lambda p: float(np.square(p[:, 0] - y).mean())
    classes = y.astype(np.int64)
    weights = np.ones(len(y))
    if task.class_weights is not None:
        weights = task.class_weights.numpy(force=True).astype(np.float64)[classes]

    def cross_entropy(p: Array) -> float:
        given = probability_of_truth(classes, p[:, 0] if p.shape[1] == 1 else p)
        return float((-np.log(np.maximum(given, TINY)) * weights).mean())

    return cross_entropy

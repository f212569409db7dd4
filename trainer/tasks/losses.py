"""The torch half of each kind of task (`trainer.tasks.kinds`): its loss and the loss's gradient.

Losses and scores are sums over rows, so that chunks, batches and processes simply add up. For all
three the gradient of the loss at the logits is prediction - truth (times a constant for the squared
error), which is what makes gradients short enough to write out (`gradients.py`).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from trainer.errors import InputError
from trainer.tasks import metrics
from trainer.tasks.kinds import TASK_KINDS, TaskKind

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What binary, multiclass and regression share; `summary` is of the training targets."""

    outputs: int = 1
    class_weights: Tensor | None = None

    kind: ClassVar[TaskKind]

    def check(self, y: Array, where: str) -> None:
        """Raises InputError, naming the first row, unless every target suits the task."""

    def targets(self, y: Array) -> Tensor:
        """The targets as training wants them: float32 (n, 1), or int64 (n,) for classes."""
        return torch.from_numpy(np.array(y, dtype=np.float32)).unsqueeze(1)

    def as_read(self, y: Tensor) -> NDArray[Any]:
        """The targets that `targets` was given, (n,): int64 classes, or float64 numbers."""
        return y.reshape(-1).numpy(force=True).astype(np.int64)

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """The loss summed over rows, float32 0-d. `logits` is (n, outputs)."""
        raise NotImplementedError

    def grad(self, logits: Tensor, y: Tensor, out: Tensor) -> Tensor:
        """d loss / d logits, written into `out`, (n, outputs)."""
        raise NotImplementedError

    def score(self, logits: Tensor, y: Tensor) -> Tensor:
        """What the score is computed from, summed over rows: rows right, or squared error."""
        raise NotImplementedError

    def score_of(self, total: float, rows: int) -> float:
        """The score from the sum that `score` gave."""
        return total / rows

    def predictions(self, logits: Tensor) -> NDArray[Any]:
        """Probabilities, float32 (n,) or (n, k), or values in the target's units, float64 (n,)."""
        raise NotImplementedError

    def metrics(self, y: Array, predictions: NDArray[Any]) -> dict[str, float]:
        """The metrics of predictions, for targets `y` as they were read."""
        computed = metrics.compute(self.kind.name, y, predictions)
        return {name: float(value) for name, value in computed.items()}

    def scaling(self) -> dict[str, Any]:
        """What the loss in training was scaled by, for metrics.json: the weight of each class,
        None where all count the same."""
        weights = self.class_weights
        return {"class_weights": None if weights is None else weights.tolist()}


@dataclass(frozen=True)
class Binary(Task):
    """0 or 1: one logit, cross-entropy."""

    kind = TASK_KINDS["binary"]

    def check(self, y: Array, where: str) -> None:
        wrong = np.flatnonzero((y != 0) & (y != 1))
        if len(wrong):
            raise InputError(
                f"a binary target must be 0 or 1, got {y[wrong[0]]:g} in {where} row {wrong[0]}; "
                "for other targets pass --task multiclass or regression"
            )

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        weights = None if self.class_weights is None else _row_weights(self.class_weights, y)
        return F.binary_cross_entropy_with_logits(logits, y, weights, reduction="sum")

    def grad(self, logits: Tensor, y: Tensor, out: Tensor) -> Tensor:
        torch.sigmoid(logits, out=out)
        out.sub_(y)
        if self.class_weights is not None:
            out.mul_(_row_weights(self.class_weights, y))
        return out

    def score(self, logits: Tensor, y: Tensor) -> Tensor:
        return ((logits > 0) == (y > 0.5)).sum()

    def predictions(self, logits: Tensor) -> NDArray[np.float32]:
        return torch.sigmoid(logits).squeeze(1).numpy(force=True)


def _row_weights(class_weights: Tensor, y: Tensor) -> Tensor:
    """The weight of each row's class, (n, 1); `y` is 0 or 1."""
    return torch.lerp(class_weights[0], class_weights[1], y)


@dataclass(frozen=True)
class Multiclass(Task):
    """0 … k-1: k logits, softmax cross-entropy."""

    kind = TASK_KINDS["multiclass"]

    def check(self, y: Array, where: str) -> None:
        wrong = np.flatnonzero((y < 0) | (y >= self.outputs) | (y != np.floor(y)))
        if len(wrong):
            raise InputError(
                f"a target of {self.outputs} classes must be a whole number from 0 to "
                f"{self.outputs - 1}, got {y[wrong[0]]:g} in {where} row {wrong[0]}"
            )

    def targets(self, y: Array) -> Tensor:
        return torch.from_numpy(y.astype(np.int64))

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(logits, y, self.class_weights, reduction="sum")

    def grad(self, logits: Tensor, y: Tensor, out: Tensor) -> Tensor:
        torch.softmax(logits, 1, out=out)
        truth = y.unsqueeze(1)
        out.scatter_add_(1, truth, out.new_full((1, 1), -1.0).expand(truth.shape))
        if self.class_weights is not None:
            out.mul_(self.class_weights[truth])
        return out

    def score(self, logits: Tensor, y: Tensor) -> Tensor:
        return (logits.argmax(1) == y).sum()

    def predictions(self, logits: Tensor) -> NDArray[np.float32]:
        return torch.softmax(logits, 1).numpy(force=True)


@dataclass(frozen=True)
class Regression(Task):
    """A real number: mean squared error of the standardised target.

    Standardising by the training rows' mean and standard deviation makes the learning rate and
    `min_delta` mean the same for a target in cents and in millions; `model.unscale` puts both into
    the last layer when training ends, so that the saved model predicts in the target's units.
    """

    mean: float = 0.0
    scale: float = 1.0

    kind = TASK_KINDS["regression"]

    def targets(self, y: Array) -> Tensor:
        return super().targets((y - self.mean) / self.scale)

    def as_read(self, y: Tensor) -> NDArray[Any]:
        return y.reshape(-1).numpy(force=True).astype(np.float64) * self.scale + self.mean

    def scaling(self) -> dict[str, Any]:
        return {"target_mean": self.mean, "target_scale": self.scale}

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        return F.mse_loss(logits, y, reduction="sum")

    def grad(self, logits: Tensor, y: Tensor, out: Tensor) -> Tensor:
        return torch.sub(logits, y, out=out).mul_(2)

    def score(self, logits: Tensor, y: Tensor) -> Tensor:
        return self.loss(logits, y)

    def score_of(self, total: float, rows: int) -> float:
        return float((total / rows) ** 0.5) * self.scale

    def predictions(self, logits: Tensor) -> NDArray[Any]:
        standard: NDArray[Any] = logits.squeeze(1).numpy(force=True).astype(np.float64)
        return standard * self.scale + self.mean


@dataclass
class Summary:
    """Of a target's values, what a task needs to know; added up file by file.

    `deviation` is the sum of squared differences from the mean, joined as Chan, Golub and LeVeque
    do (1983, https://doi.org/10.1080/00031305.1983.10483115): the difference of two large sums
    would lose a small variance.
    """

    rows: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    counts: dict[float, int] | None = None

    def add(self, y: Array, count_values: bool) -> None:
        y = y.astype(np.float64)  # int8 would overflow
        if not len(y):
            return
        before, rows = self.rows, self.rows + len(y)
        mean = float(y.mean())
        step = mean - self.mean
        self.deviation += float(((y - mean) ** 2).sum()) + step * step * before * len(y) / rows
        self.mean += step * len(y) / rows
        self.rows = rows
        if count_values:
            self.counts = self.counts or {}
            for value, count in zip(*np.unique(y, return_counts=True), strict=True):
                self.counts[float(value)] = self.counts.get(float(value), 0) + int(count)


def make_task(
    name: str,
    summary: Summary,
    classes: list[Any] | None = None,
    balanced: bool = False,
    device: torch.device | None = None,
) -> Task:
    """The task `name` for training targets of this `summary`; `classes` are the spec's, if known.

    `balanced` weighs class c by rows / (k · rows of c), as scikit-learn does.

    Raises:
        InputError: a class has no training row, so that nothing could be learned of it.
    """
    if name == "regression":
        spread = (summary.deviation / summary.rows) ** 0.5
        return Regression(mean=summary.mean, scale=spread or 1.0)
    counts = summary.counts or {}
    k = 2 if name == "binary" else max(len(classes or ()), int(max(counts, default=0)) + 1, 2)
    # The mean tells of two classes whether both are there, and need not be sorted for.
    alone = {0.0: [1], 1.0: [0]}.get(summary.mean, [])
    absent = alone if name == "binary" else [c for c in range(k) if c not in counts]
    if absent and summary.rows:
        shown = ", ".join(str(classes[c]) if classes else f"class {c}" for c in absent[:5])
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        raise InputError(
            f"y_train must have rows of every class, got none of {shown}{more}; split the rows "
            "so that each class trains"
        )
    weights = None
    if balanced:
        shares = [summary.rows / (k * max(counts.get(c, 0), 1)) for c in range(k)]
        weights = torch.tensor(shares, device=device)
    if name == "binary":
        return Binary(class_weights=weights)
    return Multiclass(outputs=k, class_weights=weights)

"""Baselines that a model has to beat: a constant prediction, and a linear model of the features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.kinds import TASK_KINDS, softmax

Array = NDArray[Any]
Predictor = Callable[[Array], Array]

MAX_ROWS = 10_000  # a linear model of a few features learns nothing from more
RIDGE = 1.0  # scikit-learn's default for LogisticRegression, C = 1
ITERATIONS = 100
TOLERANCE = 1e-5  # of a weight, between iterations


def fit(task: str, x: Array, y: Array, classes: int) -> dict[str, Predictor]:
    """The baselines of a task by name, learned from training rows x (n, features) and y (n,).

    Each maps features (m, features) to predictions as the task's model gives them: (m,), or
    (m, classes) for multiclass.
    """
    x = x.astype(np.float64)
    return {name: BASELINES[name].fit(task, x, y, classes) for name in TASK_KINDS[task].baselines}


def majority_class(task: str, x: Array, y: Array, classes: int) -> Predictor:
    """The shares of the classes among the training rows, for every row."""
    shares = np.bincount(y.astype(np.int64), minlength=classes) / len(y)
    return lambda rows: _as_task(task, np.broadcast_to(shares, (len(rows), classes)))


def logistic_regression(task: str, x: Array, y: Array, classes: int) -> Predictor:
    """The probabilities of a softmax regression."""
    weights = logistic(x, y.astype(np.int64), classes).astype(np.float32)
    return lambda rows: _as_task(task, softmax(rows @ weights[:-1] + weights[-1]))


def training_mean(task: str, x: Array, y: Array, classes: int) -> Predictor:
    """The mean of the training rows' targets, for every row."""
    mean = float(y.mean())
    return lambda rows: np.full(len(rows), mean)


def linear_regression(task: str, x: Array, y: Array, classes: int) -> Predictor:
    """The numbers of a ridge regression."""
    weights = linear(x, y.astype(np.float64))
    return lambda rows: rows @ weights[:-1] + weights[-1]


@dataclass(frozen=True)
class Baseline:
    """How a baseline is learned from `task`, `x`, `y` and the number of classes; and what it is
    called within a sentence."""

    fit: Callable[[str, Array, Array, int], Predictor]
    phrase: str


# By name, as `trainer.tasks.kinds` lists them for each kind of task.
BASELINES = {
    "Majority class": Baseline(majority_class, "always predicting the most frequent class"),
    "Logistic regression": Baseline(logistic_regression, "logistic regression"),
    "Training mean": Baseline(training_mean, "always predicting the training rows’ mean"),
    "Linear regression": Baseline(linear_regression, "linear regression"),
}


def linear(x: Array, y: Array) -> Array:
    """Ridge regression's weights, (features + 1,), the last one the intercept, not penalised."""
    x = _with_ones(x)
    solve, penalty = _solver(x, 1.0), _penalty(x)
    weights = solve(x.T @ y)
    # Once more for what rounding left: the intercept's small penalty makes much of it.
    return weights + solve(x.T @ (y - x @ weights) - penalty * weights)


def logistic(x: Array, y: Array, classes: int) -> Array:
    """Softmax regression's weights, (features + 1, classes), the last row the intercepts.

    Minimises the summed cross-entropy + |weights|² / 2 by Newton steps with a Hessian that bounds
    the true one everywhere, (XᵀX)/2, so that it is factored once and no step overshoots (Böhning
    1992, https://doi.org/10.1007/BF00048682), with Nesterov's momentum, dropped whenever it points
    uphill (O'Donoghue and Candès 2015, https://arxiv.org/abs/1204.3982).
    """
    x = _with_ones(x)
    one_hot = np.eye(classes)[y]
    penalty = _penalty(x)
    solve = _solver(x, 0.5)
    weights = ahead = np.zeros((x.shape[1], classes))
    momentum = 0
    for _ in range(ITERATIONS):
        grad = x.T @ (softmax(x @ ahead) - one_hot) + penalty[:, np.newaxis] * ahead
        step = ahead - solve(grad) - weights
        weights = weights + step
        if np.abs(step).max() < TOLERANCE:
            break
        momentum = momentum + 1 if (grad * step).sum() < 0 else 0
        ahead = weights + momentum / (momentum + 3) * step
    return weights


def _solver(x: Array, scale: float) -> Callable[[Array], Array]:
    """A function that solves (scale XᵀX + penalty) w = v for w (features,) or (features, k). The
    smaller of XᵀX and XXᵀ is inverted, by Woodbury's identity, so that time is linear in the
    columns of a table that has more columns than rows."""
    penalty = _penalty(x)
    if x.shape[1] <= x.shape[0]:
        inverse = np.linalg.inv(scale * (x.T @ x) + np.diag(penalty))
        return lambda v: inverse @ v
    scaled = x / penalty  # (rows, features)
    inner = np.linalg.inv(np.eye(len(x)) / scale + scaled @ x.T)

    def solve(v: Array) -> Array:
        each = penalty if v.ndim == 1 else penalty[:, np.newaxis]
        return v / each - scaled.T @ (inner @ (scaled @ v))

    return solve


def _with_ones(x: Array) -> Array:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def _penalty(x: Array) -> Array:
    penalty = np.full(x.shape[1], RIDGE)
    penalty[-1] = 1e-6  # the intercept's is free but for what keeps the matrix regular
    return penalty


def _as_task(task: str, probabilities: Array) -> Array:
    return probabilities[:, 1] if task == "binary" else probabilities

"""What a model has to beat: always the same answer, and a linear model of the same features."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Predictor = Callable[[Array], Array]

MAX_ROWS = 10_000  # a linear model of a few features learns nothing from more
RIDGE = 1.0  # scikit-learn's default for LogisticRegression, C = 1
ITERATIONS = 100
TOLERANCE = 1e-5  # of a weight, between iterations


def fit(task: str, x: Array, y: Array, classes: int) -> dict[str, Predictor]:
    """Baselines by name, learned from training rows x (n, features) and y (n,).

    Each maps features (m, features) to predictions as the task's model gives them: (m,), or
    (m, classes) for multiclass.
    """
    x = x.astype(np.float64)
    if task == "regression":
        mean, weights = float(y.mean()), linear(x, y.astype(np.float64))
        return {
            "Training mean": lambda rows: np.full(len(rows), mean),
            "Linear regression": lambda rows: rows @ weights[:-1] + weights[-1],
        }
    y = y.astype(np.int64)
    shares = np.bincount(y, minlength=classes) / len(y)
    weights = logistic(x, y, classes).astype(np.float32)

    def majority(rows: Array) -> Array:
        return _as_task(task, np.broadcast_to(shares, (len(rows), classes)))

    def regression(rows: Array) -> Array:
        return _as_task(task, _softmax(rows @ weights[:-1] + weights[-1]))

    return {"Majority class": majority, "Logistic regression": regression}


def linear(x: Array, y: Array) -> Array:
    """Ridge regression's weights, (features + 1,), the last one the intercept, not penalised."""
    x = _with_ones(x)
    weights: Array = np.linalg.solve(x.T @ x + np.diag(_penalty(x)), x.T @ y)
    return weights


def logistic(x: Array, y: Array, classes: int) -> Array:
    """Softmax regression's weights, (features + 1, classes), the last row the intercepts.

    Minimises the summed cross-entropy + |weights|² / 2 by Newton steps with a Hessian that bounds
    the true one everywhere, (XᵀX)/2, so that it is factored once and no step overshoots (Böhning
    1992, https://doi.org/10.1007/BF00048682), with Nesterov's momentum, dropped whenever it points
    uphill (O'Donoghue and Candès 2015, https://arxiv.org/abs/1204.3982).
    """
    x = _with_ones(x)
    truth = np.eye(classes)[y]
    penalty = _penalty(x)
    inverse = np.linalg.inv(x.T @ x / 2 + np.diag(penalty))
    weights = ahead = np.zeros((x.shape[1], classes))
    momentum = 0
    for _ in range(ITERATIONS):
        slope = x.T @ (_softmax(x @ ahead) - truth) + penalty[:, np.newaxis] * ahead
        step = ahead - inverse @ slope - weights
        weights = weights + step
        if np.abs(step).max() < TOLERANCE:
            break
        momentum = momentum + 1 if (slope * step).sum() < 0 else 0
        ahead = weights + momentum / (momentum + 3) * step
    return weights


def _with_ones(x: Array) -> Array:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def _penalty(x: Array) -> Array:
    penalty = np.full(x.shape[1], RIDGE)
    penalty[-1] = 1e-6  # the intercept's is free but for what keeps the matrix regular
    return penalty


def _softmax(logits: Array) -> Array:
    shares: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _as_task(task: str, probabilities: Array) -> Array:
    return probabilities[:, 1] if task == "binary" else probabilities

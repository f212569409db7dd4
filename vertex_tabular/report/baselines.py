"""What a model has to beat: a constant prediction, a linear model, boosted trees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.kinds import TASK_KINDS, softmax
from vertex_tabular.report import trees
from vertex_tabular.report.columns import Column

Array = NDArray[Any]
Predictor = Callable[[Array], Array]

RIDGE = 1.0  # scikit-learn's default for LogisticRegression, C = 1
ITERATIONS = 100
TOLERANCE = 1e-5  # of a weight, between iterations

TREES = "Boosted trees"


@dataclass(frozen=True)
class TrainingRows:
    """What a baseline is learned from.

    Attributes:
        task: binary, multiclass or regression.
        x: (n, features).
        y: (n,) numbers, or classes from 0.
        classes: how many there are; 0 of a regression.
        columns: the table's columns, by which x is read; none takes each feature as a number.
    """

    task: str
    x: Array
    y: Array
    classes: int
    columns: Sequence[Column] = ()


def fit(rows: TrainingRows, names: Sequence[str] | None = None) -> dict[str, Predictor]:
    """The baselines of these names, or all of the rows' task, without what is not installed here.

    Each maps features (m, features) to predictions as the task's model gives them: (m,), or
    (m, classes) for multiclass.
    """
    names = TASK_KINDS[rows.task].baselines if names is None else names
    found = {name: BASELINES[name].fit(rows) for name in names}
    return {name: predictor for name, predictor in found.items() if predictor}


def majority_class(rows: TrainingRows) -> Predictor:
    """The shares of the classes among the training rows, for every row."""
    shares = np.bincount(rows.y.astype(np.int64), minlength=rows.classes) / len(rows.y)
    return lambda x: _as_task(rows.task, np.broadcast_to(shares, (len(x), rows.classes)))


def logistic_regression(rows: TrainingRows) -> Predictor:
    """The probabilities of a softmax regression."""
    found = logistic(rows.x.astype(np.float64), rows.y.astype(np.int64), rows.classes)
    weights = found.astype(np.float32)
    return lambda x: _as_task(rows.task, softmax(x @ weights[:-1] + weights[-1]))


def training_mean(rows: TrainingRows) -> Predictor:
    """The mean of the training rows' targets, for every row."""
    mean = float(rows.y.mean(dtype=np.float64))
    return lambda x: np.full(len(x), mean)


def linear_regression(rows: TrainingRows) -> Predictor:
    """The numbers of a ridge regression."""
    weights = linear(rows.x.astype(np.float64), rows.y.astype(np.float64))
    return lambda x: x @ weights[:-1] + weights[-1]


def boosted_trees(rows: TrainingRows) -> Predictor | None:
    """scikit-learn's HistGradientBoosting; None where that is not installed."""
    if rows.classes and len(np.unique(rows.y)) < 2:
        return majority_class(rows)
    predict = trees.fit(rows.columns, rows.x, rows.y, rows.classes)
    if predict is None or not rows.classes:
        return predict
    return lambda x: _as_task(rows.task, predict(x))


@dataclass(frozen=True)
class Baseline:
    """How a baseline is learned, and what it is called within a sentence: as what predicts, and
    as what the model is compared with."""

    fit: Callable[[TrainingRows], Predictor | None]
    phrase: str
    short: str


# By name, as `trainer.tasks.kinds` lists them for each kind of task.
BASELINES = {
    "Majority class": Baseline(
        majority_class, "always predicting the most frequent class", "the majority class"
    ),
    "Logistic regression": Baseline(
        logistic_regression, "logistic regression", "logistic regression"
    ),
    "Training mean": Baseline(
        training_mean, "always predicting the training rows’ mean", "the training mean"
    ),
    "Linear regression": Baseline(linear_regression, "linear regression", "linear regression"),
    TREES: Baseline(boosted_trees, "a model of boosted trees", "boosted trees"),
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

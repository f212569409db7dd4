"""Permutation importance: how much the loss grows when one column is shuffled.

The column's values are shuffled among the validation rows and the loss is computed again
(Breiman 2001, https://doi.org/10.1023/A:1010933404324). All features of a column are shuffled
together. Correlated columns share their importance: each looks less important than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.models.network import Network
from trainer.tasks.kinds import TASK_KINDS
from trainer.tasks.metrics import METRICS
from vertex_tabular.report.columns import Column

Array = NDArray[Any]

REPEATS = 10
MAX_ROWS = 2048
MAX_COLUMNS = 100  # to measure one takes time that grows with the number of all
WORK = 1e9  # multiplications: about a tenth of a second on one core
SEED = 0


@dataclass(frozen=True)
class Importance:
    """One column's: mean and standard deviation, over the shuffles, of the increase of the loss."""

    name: str
    mean: float
    deviation: float


def loss_name(task: str) -> str:
    """What `importances` measures, with its unit."""
    kind = TASK_KINDS[task]
    unit = kind.loss_unit if kind.classifies else "the target’s units"
    label = METRICS[kind.loss_metric].label
    return f"{label if label.isupper() else label.lower()} ({unit})"


def importances(
    task: str, network: Network, columns: Sequence[Column], x: Array, y: Array
) -> list[Importance]:
    """The columns, the most important first; x is (n, features), y (n,).

    At most 2,048 rows are used, and fewer for a large model or many columns. Of more than 100
    columns, those are measured that are most correlated with the network's outputs.
    """
    random = np.random.default_rng(SEED)
    count = min(len(columns), MAX_COLUMNS)
    limit = int(WORK / (network.parameters * REPEATS * count))
    rows = random.permutation(len(y))[: max(200, min(MAX_ROWS, limit))]
    x, y = x[rows].astype(np.float32), y[rows]
    before = _loss(task, network, x, y)
    found = []
    for column in _correlated(columns, network, x, count):
        gains = []
        for _ in range(REPEATS):
            shuffled = x.copy()
            shuffled[:, column.features] = x[random.permutation(len(x)), column.features]
            gains.append(_loss(task, network, shuffled, y) - before)
        found.append(Importance(column.name, float(np.mean(gains)), float(np.std(gains))))
    return sorted(found, key=lambda importance: -importance.mean)


def _correlated(
    columns: Sequence[Column], network: Network, x: Array, count: int
) -> Sequence[Column]:
    """The `count` columns that are most correlated with an output, in their order."""
    if count == len(columns):
        return columns
    inputs, outputs = (values - values.mean(axis=0) for values in (x, network(x)))
    norms = np.linalg.norm(inputs, axis=0)[:, np.newaxis] * np.linalg.norm(outputs, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):  # of a constant
        found = np.nan_to_num(np.abs(inputs.T @ outputs) / norms).max(axis=1)
    best = [float(found[column.features].max()) for column in columns]
    chosen = np.sort(np.argsort(-np.array(best), kind="stable")[:count])
    return [columns[number] for number in chosen]


def _loss(task: str, network: Network, x: Array, y: Array) -> float:
    p = network.predict(task, x).astype(np.float64)
    return float(METRICS[TASK_KINDS[task].loss_metric].compute(y, p, None))

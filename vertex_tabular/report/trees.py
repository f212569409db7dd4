"""scikit-learn's HistGradientBoosting with its defaults, on a table's columns.

Categories come to it as categories, however the features write them. It is the reference
implementation of LightGBM's histogram trees that most people have (Ke et al. 2017,
https://papers.nips.cc/paper/6907).
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.report.columns import Column

Array = NDArray[Any]

MAX_LEVELS = 255  # HistGradientBoosting's max_bins; rarer categories are one
STOPPING_SHARE = 0.1  # of the rows, which stop the learning early where there are many


def fit(
    columns: Sequence[Column], x: Array, y: Array, classes: int
) -> Callable[[Array], Array] | None:
    """Learns from training rows x (n, features) and y (n,), of at least two classes if any.

    One thread and a fixed seed: the same rows give the same predictions on every machine.

    Returns:
        What maps features (m, features) to probabilities (m, classes) or, without classes, numbers
        (m,); None where scikit-learn is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from sklearn.ensemble import (
                HistGradientBoostingClassifier,
                HistGradientBoostingRegressor,
            )
    except ImportError:
        return None
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    table = _Table(columns, x)
    settings = {"random_state": 0, "categorical_features": table.categorical}
    if classes:
        y = y.astype(np.int64)
        rarest = np.unique(y, return_counts=True)[1]
        # The rows that stop it early are drawn by class, which takes two rows of each.
        if rarest.min() < 2 or len(rarest) > STOPPING_SHARE * len(y):
            settings["early_stopping"] = False
        model = HistGradientBoostingClassifier(**settings)
    else:
        model = HistGradientBoostingRegressor(**settings)

    def quietly(function: Callable[..., Any], *arguments: Array) -> Any:
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            return function(*arguments)

    quietly(model.fit, table.of(x), y)

    def predict(rows: Array) -> Array:
        if not classes:
            numbers: Array = quietly(model.predict, table.of(rows))
            return numbers
        found = np.zeros((len(rows), classes))
        found[:, model.classes_] = quietly(model.predict_proba, table.of(rows))
        return found

    return predict


class _Table:
    """Rows as trees take them: a column of categories as one of codes, others as the features are.

    Attributes:
        categorical: of each column, whether it holds codes.
    """

    def __init__(self, columns: Sequence[Column], x: Array) -> None:
        self._columns = columns
        self._codes: dict[str, Array] = {}  # by column, the code of each level
        self.categorical: list[bool] = []
        for column in columns:
            width = column.features.stop - column.features.start
            if not _is_categorical(column):
                self.categorical += [False] * width
                continue
            levels, names = column.levels(x)
            rows = np.bincount(levels, minlength=len(names))
            codes = np.empty(len(names), np.int64)
            codes[np.argsort(-rows, kind="stable")] = np.arange(len(names))
            self._codes[column.name] = np.minimum(codes, MAX_LEVELS - 1)
            self.categorical += [True] + [False] * _indicators(column)
        if not columns:
            self.categorical = [False] * x.shape[1]

    def of(self, x: Array) -> Array:
        """Rows x (n, features) as float64 (n, columns)."""
        if not self._codes:
            return x.astype(np.float64)
        parts: list[Array] = []
        for column in self._columns:
            features = x[:, column.features]
            if column.name in self._codes:
                parts.append(self._codes[column.name][column.levels(x)[0]][:, np.newaxis])
                features = features[:, features.shape[1] - _indicators(column) :]
            parts.append(features)
        return np.hstack(parts).astype(np.float64)


def _is_categorical(column: Column) -> bool:
    return column.spec is not None and column.spec.kind == "categorical"


def _indicators(column: Column) -> int:
    return int(column.spec is not None and column.spec.indicator)

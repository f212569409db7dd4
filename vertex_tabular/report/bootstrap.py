"""How far chance alone could have moved a metric: bootstrap percentile intervals.

Rows are drawn with replacement as often as there are rows, the metric is computed again, and the
middle 95 % of 1,000 such values are the interval (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993, chapter 13). Of many rows, the draws are made from a random 2,048 of them, still
as many as there are rows: one bag of the "bag of little bootstraps", which keeps the width right
at a fraction of the work (Kleiner et al. 2014, https://arxiv.org/abs/1112.5016).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks import metrics

Array = NDArray[Any]

RESAMPLES = 1000
MAX_ROWS = 2048
MIDDLE = (2.5, 97.5)  # percentiles
SEED = 0  # the same run gives the same report


@dataclass(frozen=True)
class Interval:
    """A metric and where the middle 95 % of its resamples lie; NaN where that is not known."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there is an interval: the resamples differ."""
        width = self.high - self.low
        return width > 1e-9 * max(abs(self.low), abs(self.high))

    @property
    def beyond_chance(self) -> bool:
        """Of a difference: whether 0 is outside of it."""
        return self.low > 0 or self.high < 0


def intervals(
    task: str, y: Array, predictions: Mapping[str, Array], against: str
) -> tuple[dict[str, dict[str, Interval]], dict[str, dict[str, Interval]]]:
    """Each predictor's metrics, and how far each is from those of predictor `against`.

    All predictors are evaluated on the same resamples, so that the differences are paired: what
    makes a sample hard for one makes it hard for the other.

    Args:
        task: binary, multiclass or regression.
        y: (n,) targets.
        predictions: (n,) or (n, k) by name of predictor.
        against: the name that differences are taken from.

    Returns:
        By predictor and then by metric: the metrics, and `against`'s metrics minus them.
    """
    random = np.random.default_rng(SEED)
    n = len(y)
    classes = next(iter(predictions.values())).shape[1:] or (2,)
    # AUC takes a sort and several passes for each class.
    chosen = np.arange(n)
    if n > (limit := MAX_ROWS * 2 // max(2, classes[0])):
        chosen = random.choice(n, limit, replace=False)
    counts = random.multinomial(n, np.full(len(chosen), 1 / len(chosen)), RESAMPLES).astype(float)

    values, centres, resampled = {}, {}, {}
    for name, predicted in predictions.items():
        part = predicted[chosen]
        values[name] = metrics.compute(task, y, predicted)
        centres[name] = metrics.compute(task, y[chosen], part)
        resampled[name] = metrics.compute(task, y[chosen], part, counts)

    def interval(name: str, metric: str, minus: str | None) -> Interval:
        value, centre, spread = (x[name][metric] for x in (values, centres, resampled))
        if minus:
            value, centre, spread = (
                x[minus][metric] - own
                for x, own in zip(
                    (values, centres, resampled), (value, centre, spread), strict=True
                )
            )
        if n < 2 or np.isnan(value) or np.isnan(spread).all():  # one row tells nothing of chance
            return Interval(float(value), float("nan"), float("nan"))
        low, high = np.nanpercentile(spread, MIDDLE) - centre + value
        return Interval(float(value), float(low), float(high))

    alone = {name: {f: interval(name, f, None) for f in values[name]} for name in predictions}
    differences = {
        name: {f: interval(name, f, against) for f in values[name]}
        for name in predictions
        if name != against
    }
    return alone, differences


def wilson(hits: Array, rows: Array) -> tuple[Array, Array]:
    """The 95 % interval of a share, hits of rows, each (m,); right for few rows and shares near 0
    or 1 too (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953)."""
    z = 1.959964
    share = hits / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / (1 + z**2 / rows)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)

"""Which candidates answer, and with which share: judged by rows that they did not learn.

Caruana et al. 2004, https://doi.org/10.1145/1015330.1015432: candidates are added one at a time,
each time the one that helps most, and the best of these blends is taken.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 12
LEAST_SHARE = 0.1  # less is dropped: a model for it would cost more than it gives


def blend(predictions: Sequence[Array], loss: Callable[[Array], float]) -> list[float]:
    """The share of each candidate, of predictions for the same rows; they add up to 1."""
    losses = [loss(each) for each in predictions]
    counts = np.zeros(len(predictions))
    counts[int(np.argmin(losses))] = 1
    total = predictions[int(np.argmin(losses))].copy()
    best, chosen = min(losses), counts.copy()
    for step in range(2, STEPS + 1):
        tried = [loss((total + each) / step) for each in predictions]
        number = int(np.argmin(tried))
        counts[number] += 1
        total += predictions[number]
        if tried[number] < best:
            best, chosen = tried[number], counts.copy()
    shares = chosen / chosen.sum()
    shares[shares < LEAST_SHARE] = 0
    normalised: list[float] = (shares / shares.sum()).tolist()
    return normalised

"""Rows dealt into parts: a member learns all parts but one, which judges it."""

import numpy as np
from numpy.typing import NDArray

PARTS = 5
JUDGED_ROWS = 1000  # that judge a candidate, unless the table has fewer; of two parts at least


def parts_of(y: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """The part of each row, from 0, int64 (n,): of equal size, and with equal shares of each
    class, or of each range of a number."""
    generator = np.random.RandomState(seed % 2**32)
    order = generator.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    blocks = [generator.permutation(PARTS) for _ in range(-(-len(y) // PARTS))]
    part = np.empty(len(y), np.int64)
    part[order] = np.concatenate(blocks)[: len(y)]
    return part


def judging_parts(rows: int) -> int:
    """How many parts judge the candidates of a table of so many rows."""
    return min(PARTS, max(2, -(-PARTS * JUDGED_ROWS // rows)))

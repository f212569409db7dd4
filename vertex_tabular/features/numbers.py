"""What is learned of a column of numbers: what to impute, its mean and its standard deviation."""

import logging
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.errors import InputError
from vertex_tabular.features import bins
from vertex_tabular.schema.schema import Column

log = logging.getLogger(__name__)

MARGIN = 3 * round(bins.SAMPLE**0.5)  # of a median's place in a sample, whose deviation is a sixth


def fit_numbers(numbers: npt.NDArray[Any], column: Column) -> float:
    """What stands in for a missing number."""
    if isinstance(column.impute, int | float):
        return float(column.impute)
    missing = int(np.count_nonzero(np.isnan(numbers))) if numbers.dtype.kind == "f" else 0
    present = len(numbers) - missing
    if not present:
        raise without_value(column.name)
    if column.impute == "mean":
        chosen = numbers[~np.isnan(numbers)] if missing else numbers
        return float(np.mean(chosen.astype(np.float64, copy=False)))
    middle = ((present - 1) // 2, present // 2)
    if numbers.dtype == np.int8:
        return sum(_at_rank(numbers, rank) for rank in middle) / 2
    return sum(_at_ranks(numbers, *middle)) / 2


def _at_rank(numbers: npt.NDArray[np.int8], rank: int) -> int:
    """The number at a place in sorted order; much faster than sorting."""
    low, high = int(numbers.min()), int(numbers.max())
    while low < high:
        middle = (low + high) // 2
        if np.count_nonzero(numbers <= middle) > rank:
            high = middle
        else:
            low = middle + 1
    return low


def _at_ranks(numbers: npt.NDArray[np.floating[Any]], first: int, last: int) -> list[float]:
    """The numbers at two adjacent places in sorted order, which has NaN last.

    A sample tells between which numbers they are, so that few have to be sorted (Floyd and Rivest,
    "Expected time bounds for selection", 1975).
    """
    sample = np.sort(numbers[:: -(-len(numbers) // bins.SAMPLE)])
    place = first * len(sample) // len(numbers)
    low = sample[max(place - MARGIN, 0)]
    high = sample[min(place + MARGIN, len(sample) - 1)]
    between = numbers[(numbers >= low) & (numbers <= high)]
    below = int(np.count_nonzero(numbers < low))
    if below <= first and last < below + len(between):
        numbers, first, last = between, first - below, last - below
    found: list[float] = np.partition(numbers, [first, last])[[first, last]].tolist()
    return found


def without_value(name: str) -> InputError:
    """The error of a column that has no value in the rows it is learned from."""
    return InputError(f"{name} must have a value in a training row, got none")


def mean_and_std(name: str, values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """StandardScaler's, bit for bit (`sklearn.utils.extmath._incremental_mean_and_var`).

    The second term of the variance corrects what rounding left in the first (Chan, Golub and
    LeVeque, "Algorithms for computing the sample variance", 1983). `values` is overwritten.

    Sums are of whole columns: the order in which numpy adds, and so the last bit, is its version's.
    """
    n = len(values)
    mean = values.sum() / n
    values -= mean
    correction = values.sum() ** 2 / n
    with np.errstate(over="ignore"):
        variance = (np.square(values, out=values).sum() - correction) / n
    return float(mean), std_of(name, n, float(mean), float(variance))


def std_of(name: str, n: int, mean: float, variance: float) -> float:
    """What the numbers of an output are divided by: 1 where they are constant, as scikit-learn's.

    Raises:
        InputError: the variance is not finite.
    """
    if not math.isfinite(variance):
        raise InputError(
            f"{name} must have a variance below 1e308, got larger numbers; drop it, or scale it"
        )
    # A constant's variance is 0 but for rounding: `sklearn.preprocessing._is_constant_feature`.
    eps = np.finfo(np.float64).eps
    if variance <= n * eps * variance + (n * mean * eps) ** 2:
        log.warning("%s is constant in the training rows: it is kept, scaled by 1", name)
        return 1.0
    return math.sqrt(variance)

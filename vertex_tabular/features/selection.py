"""The k-th smallest of numbers that are too many to hold, exactly, in a few passes over them.

Each pass counts the numbers by the next 16 bits of a key in the same order, among those that agree
with the answer so far: radix selection (Knuth, The Art of Computer Programming, 5.2.5 and 5.3.3).
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Pass = Callable[[], Iterable[tuple[Keys, npt.NDArray[Any] | None]]]  # keys, and how often each is

SIGN = np.uint64(1 << 63)
BITS = 16


def keys_of(numbers: npt.NDArray[Any]) -> Keys:
    """Whole numbers in the order of the given ones, which are not NaN; -0 becomes 0."""
    bits = (numbers.astype(np.float64) + 0.0).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def number_of(key: int) -> float:
    """The number of which `keys_of` made `key`."""
    bits = np.array([key], np.uint64)
    return float(np.where(bits & SIGN, bits ^ SIGN, ~bits).view(np.float64)[0])


def smallest(keys: Pass, k: int) -> int:
    """The key with `k` others before it in ascending order; `keys` gives all of them anew."""
    prefix = 0
    for shift in range(64 - BITS, -1, -BITS):
        counts = np.zeros(1 << BITS, np.int64)
        for block, weights in keys():
            digits = block >> np.uint64(shift)
            if shift < 64 - BITS:
                mine = digits >> np.uint64(BITS) == prefix
                digits = digits[mine]
                weights = None if weights is None else weights[mine]
            digits = (digits & np.uint64((1 << BITS) - 1)).astype(np.intp)
            found = np.bincount(digits, weights, 1 << BITS)
            counts += found.astype(np.int64, copy=False)
        cumulative = np.cumsum(counts)
        digit = int(np.searchsorted(cumulative, k, side="right"))
        k -= int(cumulative[digit - 1]) if digit else 0
        prefix = prefix << BITS | digit
    return prefix

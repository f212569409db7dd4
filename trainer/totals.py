"""What a column of numbers comes to over all rows, block by block."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class Totals:
    """NaN counts as missing; the extremes are infinite while there is no number."""

    rows: int = 0
    missing: int = 0
    low: float = np.inf
    high: float = -np.inf
    sums: list[float] = field(default_factory=list)  # of the blocks

    def add(self, numbers: npt.NDArray[Any]) -> None:
        present = numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers
        self.rows += len(numbers)
        self.missing += len(numbers) - len(present)
        if len(present):
            self.low = min(self.low, float(present.min()))
            self.high = max(self.high, float(present.max()))
            self.sums.append(float(present.astype(np.float64).sum()))  # whatever their type

    @property
    def mean(self) -> float:
        return math.fsum(self.sums) / (self.rows - self.missing)

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
        values = numbers.astype(np.float64)
        missing = np.isnan(values)
        self.rows += len(values)
        if missing.all():
            self.missing += len(values)
            return
        self.missing += int(np.count_nonzero(missing))
        self.low = min(self.low, float(np.fmin.reduce(values)))
        self.high = max(self.high, float(np.fmax.reduce(values)))
        values[missing] = 0
        self.sums.append(float(values.sum()))

    @property
    def mean(self) -> float:
        return math.fsum(self.sums) / (self.rows - self.missing)

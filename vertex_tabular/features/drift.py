"""How far a table's columns are from those of training: the population stability index (PSI).

    PSI = sum over the bins of (a - e) ln(a / e)

where e is the bin's share of the training rows and a its share of the new ones; it is the
Kullback-Leibler divergence, added up in both directions (J. Lin, "Divergence measures based on the
Shannon entropy", 1991, calls it J). The bins are those of `features.bins`: deciles of numbers and
of the parts of dates, categories of texts, and one for what is missing. Half a row is added to
each, so that an empty one gives a large number rather than an infinite one.

Usual limits (N. Siddiqi, "Credit Risk Scorecards", 2006): below 0.1 nothing has changed, from 0.25
much has. A mean that moved by half a standard deviation gives 0.25.

Few rows have a high PSI by chance alone: without any drift, PSI / (1/n + 1/m) of n and m rows is
about chi-squared with one degree of freedom less than there are bins (B. Yurdakul and J. Naranjo,
"Statistical properties of the population stability index", 2020). So a column has drifted where its
PSI is at least 0.25, and beyond what about one undrifted column in a thousand has.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vertex_tabular.features.bins import Bins
from vertex_tabular.features.counting import rows_in_bins
from vertex_tabular.features.spec import Spec
from vertex_tabular.tables.table import Table

PSI_MINOR, PSI_MAJOR = 0.1, 0.25
NORMAL_999 = 3.0902  # the 99.9 % quantile of the standard normal distribution

Floats = npt.NDArray[np.float64]
# By the name of the bins and the number of the bin: rows.
BinCounts = Counter[tuple[str, int]]


@dataclass(frozen=True)
class Drift:
    """One column, or one part of its dates: how its new rows differ from those of training.

    Attributes:
        labels: what is in each bin.
        trained, new: each bin's share of the rows of training, and of the table.
        psi: the population stability index.
        critical_value: exceeded once in a thousand times if nothing has changed.
    """

    name: str
    labels: list[str]
    trained: list[float]
    new: list[float]
    psi: float
    critical_value: float

    @property
    def drifted(self) -> bool:
        return self.psi >= PSI_MAJOR and self.psi > self.critical_value


def bin_counts(spec: Spec, table: Table) -> BinCounts:
    """How many rows of the table are in each bin; nothing of a spec without bins, as older ones."""
    counts = BinCounts()
    for feature in spec.columns:
        for bins, rows in zip(feature.bins, rows_in_bins(feature, table), strict=True):
            counts.update({(bins.name, i): int(n) for i, n in enumerate(rows) if n})
    return counts


def drift(spec: Spec, counts: Mapping[tuple[str, int], int]) -> list[Drift]:
    """The drift of each column of a table whose `bin_counts` is given, the largest first."""
    found = [_drift(bins, counts) for feature in spec.columns for bins in feature.bins]
    return sorted(found, key=lambda column: -column.psi)


def _drift(bins: Bins, counts: Mapping[tuple[str, int], int]) -> Drift:
    trained = np.array(bins.rows, np.float64)
    new = np.array([counts.get((bins.name, i), 0) for i in range(len(trained))], np.float64)
    return Drift(
        bins.name,
        bins.labels,
        (trained / max(trained.sum(), 1)).tolist(),
        (new / max(new.sum(), 1)).tolist(),
        psi(trained, new),
        critical_value(trained, new),
    )


def psi(trained: Floats, new: Floats) -> float:
    """The population stability index of rows in bins (k,), at least 0."""
    e, a = ((rows + 0.5) / (rows + 0.5).sum() for rows in (trained, new))
    return float(((a - e) * np.log(a / e)).sum())


def critical_value(trained: Floats, new: Floats) -> float:
    """The 99.9 % quantile of the PSI of so many rows in so many bins if nothing has changed.

    The quantile of chi-squared is Wilson's and Hilferty's ("The distribution of chi-square", 1931).
    """
    freedom = int(np.count_nonzero(trained + new)) - 1
    if freedom < 1 or not trained.sum() or not new.sum():
        return math.inf
    part = 2 / (9 * freedom)
    quantile = freedom * (1 - part + NORMAL_999 * math.sqrt(part)) ** 3
    return float(quantile * (1 / trained.sum() + 1 / new.sum()))

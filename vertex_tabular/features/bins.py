"""How the rows of a column are spread over bins: of the training rows, kept in `spec.json`, and of
any later table, so that `vertex_tabular.features.drift` can compare the two."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.pages.formatting import apart

SAMPLE = 20_000  # rows that the edges come from, evenly spaced; the counts are of all rows
SHARES = np.arange(1, 10) / 10  # the deciles
TOP = 20  # categories with a bin of their own; the others share one

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """The bins of a column, or of one part of its dates, and the training rows in each.

    Of numbers: up to each of `edges`, and beyond the last. Of texts: each of `categories`, and all
    others. The last bin is for what is missing.
    """

    name: str
    edges: list[float]
    categories: list[str]
    rows: list[int]

    @property
    def labels(self) -> list[str]:
        """What is in each bin, in words."""
        if self.categories:
            return [*self.categories, "(other)", "(missing)"]
        if not self.edges:
            return ["any", "(missing)"]
        texts = apart(self.edges)
        between = [f"{low} to {high}" for low, high in itertools.pairwise(texts)]
        return [f"up to {texts[0]}", *between, f"above {texts[-1]}", "(missing)"]

    def count_numbers(self, values: npt.NDArray[Any], weights: Counts | None = None) -> Counts:
        """How many of the numbers (n,) are in each bin; NaN is missing.

        With `weights` (n,), each number stands for so many rows.
        """
        # Faster than to look each number up: a comparison of a whole column takes a fraction of a
        # nanosecond a row. In float64, because an edge rounded to float32 would move.
        values = values.astype(np.float64, copy=False)

        def rows(chosen: npt.NDArray[np.bool_]) -> int:
            return int(np.count_nonzero(chosen) if weights is None else weights[chosen].sum())

        missing = rows(np.isnan(values))
        present = (len(values) if weights is None else int(weights.sum())) - missing
        up_to = [0, *(rows(values <= edge) for edge in self.edges), present]
        return np.array([*np.diff(up_to), missing])

    def count_blocks(self, blocks: Sequence[npt.NDArray[Any]]) -> Counts:
        """The same of all blocks of a column together."""
        counts = [self.count_numbers(block) for block in blocks]
        return np.sum(counts, axis=0) if counts else self.count_numbers(np.array([]))

    def count_categories(self, categories: Sequence[str], weights: Counts, missing: int) -> Counts:
        """The same of texts: `weights` are the rows of each of `categories`."""
        place = {category: number for number, category in enumerate(self.categories)}
        counts = np.zeros(len(self.categories) + 2, np.int64)
        places = [place.get(category, len(place)) for category in categories]
        np.add.at(counts, np.array(places, np.intp), weights)
        counts[-1] = missing
        return counts


def edges_of(sample: npt.NDArray[Any]) -> list[float]:
    """The deciles of numbers, each once; NaN is left out. They are numbers of the sample, so that
    many rows of one value, as 0 often is, are on one side of them."""
    present = sample[~np.isnan(sample)]
    if not len(present):
        return []
    deciles = np.quantile(present.astype(np.float64), SHARES, method="inverted_cdf")
    return sorted(set(deciles.tolist()))  # `np.unique` would import numpy.ma, for 30 ms


def most_frequent(categories: Sequence[str], weights: Counts) -> list[str]:
    """The categories with the most rows; of equally frequent ones, the first in sorted order."""
    present = [
        (-int(rows), category) for category, rows in zip(categories, weights, strict=True) if rows
    ]
    return [category for _, category in sorted(present)[:TOP]]

"""A table in memory: compact numpy columns of numbers, and of texts as codes of categories."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 1 << 16  # whose numbers stay in the cache
FEW = 10  # categories

Numbers = npt.NDArray[Any]
Indices = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]  # for each row, whether it is one of them
Selection = Indices | Mask


@dataclass(frozen=True)
class Categorical:
    """A column of text: for each row a code, the place of its category in `categories`; -1 is
    missing."""

    codes: npt.NDArray[Any]
    categories: list[str]

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """In how many rows each category is; the last number is of those in which it is missing."""
        counts = np.zeros(len(self.categories) + 1, np.int64)
        step = max(BLOCK_ROWS, len(counts))
        for i in range(0, len(self.codes), step):
            codes = self.codes[i : i + step]
            if len(counts) <= FEW:  # a comparison takes a tenth of a nanosecond
                counts += [
                    np.count_nonzero(codes == code) for code in range(-1, len(self.categories))
                ]
            else:
                counts += np.bincount(codes.astype(np.intp) + 1, minlength=len(counts))
        return np.roll(counts, -1)


@dataclass(frozen=True)
class Table:
    """The columns of one table, by name.

    Numbers are in the smallest of int8, float32 and float64 that holds each of them exactly;
    a missing one is NaN.
    """

    rows: int
    numbers: dict[str, Numbers]
    texts: dict[str, Categorical]

    def take(self, rows: Selection | None, names: Collection[str] | None = None) -> "Table":
        """The table of only these rows and columns; None means all of them."""
        numbers = {k: v for k, v in self.numbers.items() if names is None or k in names}
        texts = {k: v for k, v in self.texts.items() if names is None or k in names}
        if rows is None:
            return Table(self.rows, numbers, texts)
        return Table(
            count_of(rows),
            {name: take(column, rows) for name, column in numbers.items()},
            {
                name: Categorical(take(column.codes, rows), column.categories)
                for name, column in texts.items()
            },
        )

    def outline(self) -> "Table":
        """What `diagnosis.is_doubtful` looks at."""
        return self

    def missing(self, name: str) -> npt.NDArray[np.bool_]:
        """In which rows a column has no value."""
        if name in self.texts:
            return self.texts[name].codes < 0
        missing: npt.NDArray[np.bool_] = np.isnan(self.numbers[name])
        return missing


def category_counts(texts: Categorical) -> tuple[dict[str, int], int]:
    """How often each category occurs, and how often none does."""
    *counts, missing = texts.counts.tolist()
    return dict(zip(texts.categories, counts, strict=True)), missing


def count_of(rows: Selection) -> int:
    """How many rows these are."""
    return int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)


def take(
    column: npt.NDArray[Any], rows: Selection, out: npt.NDArray[Any] | None = None
) -> npt.NDArray[Any]:
    """Some rows of a column, in `out` if it is given; -1 is the last, as ever in numpy.

    Block by block, because numpy makes 64-bit numbers of all of `rows` that it gets.
    """
    if out is None:
        out = np.empty(count_of(rows), column.dtype)
    end = 0
    for i in range(0, len(rows), BLOCK_ROWS):
        part, block = column, rows[i : i + BLOCK_ROWS]
        if block.dtype == np.bool_:
            part, block = column[i : i + BLOCK_ROWS], np.flatnonzero(block)
        start, end = end, end + len(block)
        # The default mode copies `out` first.
        part.take(block.astype(np.intp, copy=False), out=out[start:end], mode="wrap")
    return out


def recode(texts: Categorical, known: dict[str, int]) -> npt.NDArray[Any]:
    """The codes of a block in the numbering of `known`, which gets the categories that it lacks."""
    lookup = [known.setdefault(category, len(known)) for category in texts.categories]
    narrow = np.array([*lookup, -1], np.min_scalar_type(-len(known) - 1))
    codes: npt.NDArray[Any] = narrow[texts.codes]
    return codes


def concatenate(tables: Sequence[Table]) -> Table:
    """One table of all the rows of tables that have the same categories throughout."""
    return Table(
        sum(table.rows for table in tables),
        {name: np.concatenate([t.numbers[name] for t in tables]) for name in tables[0].numbers},
        {
            name: Categorical(
                np.concatenate([t.texts[name].codes for t in tables]), texts.categories
            )
            for name, texts in tables[0].texts.items()
        },
    )

"""Learns the spec of a table on disk, in passes over its blocks.

Categories, counts and medians are exact; means and standard deviations agree with those of
`features.fitting` but for rounding.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.features import bins
from vertex_tabular.features.counting import rows_in_bins
from vertex_tabular.features.encoding import category_values
from vertex_tabular.features.fitting import fit_bins, fit_categories, scaled, unscaled
from vertex_tabular.features.numbers import std_of, without_value
from vertex_tabular.features.selection import Keys, keys_of, number_of, smallest
from vertex_tabular.features.spec import Feature, Spec, listed_words
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import classes_of
from vertex_tabular.tables.disk_table import BlockMasks, DiskTable
from vertex_tabular.tables.parallel import threaded_map
from vertex_tabular.tables.table import Categorical, Table, concatenate

Weighted = tuple[npt.NDArray[np.float64], npt.NDArray[Any] | None]  # values, and how often each is


def fit(table: DiskTable, schema: Schema, chosen: BlockMasks | None) -> Spec:
    """What `fitting.fit` learns, of the chosen rows, or of all if `chosen` is None.

    Raises:
        InputError: a column has no value at all in these rows.
    """
    categories = table.categories
    classes = classes_of(categories[schema.target]) if schema.classifies else None

    def fit_column(column: Column) -> Feature:
        if column.kind == "numeric":
            return _fit_numbers(table, column, chosen)
        return _fit_texts(*table.counts([column.name], chosen)[column.name], column)

    columns = list(threaded_map(fit_column, schema.columns, limit=2))
    columns = _with_bins(columns, table, chosen)
    return Spec(schema.task, schema.target, classes, columns, listed_words(schema.missing))


def _with_bins(
    columns: list[Feature], table: DiskTable, chosen: BlockMasks | None
) -> list[Feature]:
    """The columns with their bins: the edges, and which categories have a bin, from as many rows as
    `fitting.fit_bins` takes them from; the counts from all of them."""
    names = [feature.name for feature in columns]

    def blocks() -> Iterator[Table]:
        for number, block in enumerate(table.blocks(names)):
            yield block.take(None if chosen is None else np.flatnonzero(chosen(number)))

    step = -(-sum(block.rows for block in blocks()) // bins.SAMPLE)
    passed, sample = 0, []
    for block in blocks():
        sample.append(block.take(np.arange(-passed % step, block.rows, step)))
        passed += block.rows
    few = concatenate(sample)
    learned = [replace(feature, bins=fit_bins(few, feature)) for feature in columns]
    counts: list[list[bins.Counts]] = [[] for _ in learned]
    for block in blocks():
        for feature, so_far in zip(learned, counts, strict=True):
            met = rows_in_bins(feature, block)
            so_far[:] = [a + b for a, b in zip(so_far, met, strict=True)] if so_far else met
    return [
        replace(
            feature,
            bins=[replace(b, rows=r.tolist()) for b, r in zip(feature.bins, found, strict=True)],
        )
        for feature, found in zip(learned, counts, strict=True)
    ]


def _fit_texts(count_of: dict[str, int], missing: int, column: Column) -> Feature:
    fill, categories = fit_categories(count_of, missing, column)
    raw = unscaled(column, fill, categories)
    if column.encoding == "onehot":
        return raw
    weights = np.array([*count_of.values(), missing], np.float64)
    # A category that no training row has may mean a number that is far off; it weighs nothing.
    numbers = category_values(Categorical(np.array([], np.int64), list(count_of)), raw)
    scales = [
        _scale(output, partial(_once, values, weights))
        for output, values in zip(raw.measures, numbers.T[: len(raw.measures)], strict=True)
    ]
    return scaled(raw, scales)


def _once(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> list[Weighted]:
    return [(values, weights)]


def _fit_numbers(table: DiskTable, column: Column, chosen: BlockMasks | None) -> Feature:
    def blocks() -> Iterator[tuple[npt.NDArray[Any], int]]:
        """The numbers that are there, and how many are not."""
        for i in range(len(table.starts)):
            numbers = table.column(column.name).block(i)
            if chosen is not None:
                numbers = numbers[chosen(i)]
            present = numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers
            yield present, len(numbers) - len(present)

    def weighted() -> Iterator[Weighted]:
        for numbers, _ in blocks():
            if numbers.dtype == np.int8:  # of these there are few kinds
                counts = np.bincount(numbers.view(np.uint8), minlength=256)
                kinds = np.flatnonzero(counts)
                yield kinds.astype(np.int8).astype(np.float64), counts[kinds]
            else:
                yield numbers.astype(np.float64), None

    def keys() -> Iterator[tuple[Keys, npt.NDArray[Any] | None]]:
        return ((keys_of(values), weights) for values, weights in weighted())

    rows, missing = (
        sum(counts) for counts in zip(*((len(p), m) for p, m in blocks()), strict=True)
    )
    if isinstance(column.impute, int | float):
        fill = float(column.impute)
    elif not rows:
        raise without_value(column.name)
    elif column.impute == "mean":
        fill = math.fsum(_sum(values, weights) for values, weights in weighted()) / rows
    else:
        low, high = (number_of(smallest(keys, k)) for k in ((rows - 1) // 2, rows // 2))
        fill = (low + high) / 2

    def filled() -> Iterator[Weighted]:
        yield from weighted()
        yield np.array([fill]), np.array([missing])

    return scaled(unscaled(column, fill, []), [_scale(column.name, filled)])


def _scale(name: str, values: Callable[[], Iterable[Weighted]]) -> tuple[float, float]:
    """The mean and the standard deviation of what `values` gives anew at each call."""
    n = sum(len(block) if weights is None else int(weights.sum()) for block, weights in values())
    mean = math.fsum(_sum(block, weights) for block, weights in values()) / n
    sums, squares = [], []
    with np.errstate(over="ignore"):
        for block, weights in values():
            sums.append(_sum(block - mean, weights))
            squares.append(_sum(np.square(block - mean), weights))
    correction = math.fsum(sums) ** 2 / n
    variance = math.fsum(squares) - correction if math.isfinite(max(squares)) else math.inf
    return mean, std_of(name, n, mean, variance / n)


def _sum(values: npt.NDArray[np.float64], weights: npt.NDArray[Any] | None) -> float:
    return float(values.sum() if weights is None else (values * weights).sum())

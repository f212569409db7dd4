"""What is learned from the training rows: `fit` makes the spec that `features.spec` applies.

Its arithmetic is that of the lesson (`StandardScaler`, `LabelEncoder`).
"""

import logging
import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.errors import InputError
from vertex_tabular.features import bins
from vertex_tabular.features.bins import Bins
from vertex_tabular.features.spec import (
    Feature,
    Spec,
    category_values,
    impute,
    in_bins,
    parts_of,
    shown_levels,
)
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import BOOLEANS, classes_of, date_of
from vertex_tabular.tables.reader import Mask, Table, count_of, level_counts, take

log = logging.getLogger(__name__)

MARGIN = 3 * round(bins.SAMPLE**0.5)  # of a median's place in a sample, whose deviation is a sixth
# Of one column; beyond, it names the rows rather than describes them.
MAX_LEVELS = {"ordinal": 100_000, "onehot": 1_000}


def fit(table: Table, schema: Schema, rows: Mask | None = None) -> Spec:
    """Learns the spec from the rows for which `rows` (all rows,) is true (the classes: from every
    row).

    Raises:
        InputError: a column has no value at all in these rows.
    """
    classes = classes_of(table.texts[schema.target].levels) if schema.classifies else None
    rooms: list[npt.NDArray[np.float64]] = []  # because memory that is new is slower
    count = table.rows if rows is None else count_of(rows)

    def fit_column(column: Column) -> Feature:
        try:
            room = rooms.pop()
        except IndexError:  # and not asked before, as the other thread may take the last
            room = np.empty(count)
        feature = _fit_column(table, rows, column, room)
        rooms.append(room)
        return feature

    # Not more threads, because each holds its column in float64; not `in_order`, which deals one
    # out when one is done with, in their order: the columns take very unequal times.
    with ThreadPoolExecutor(2) as pool:
        columns = list(pool.map(fit_column, schema.columns))
    return Spec(schema.task, schema.target, classes, columns)


def _fit_column(
    table: Table, rows: Mask | None, column: Column, room: npt.NDArray[np.float64]
) -> Feature:
    """Learns one column; `room` (rows,) is overwritten."""
    fill: float | str
    levels: list[str] = []
    chosen = _chosen(table, rows, column.name, room)
    if column.kind == "numeric":
        fill = _fit_numbers(chosen.numbers[column.name], column)
    else:
        fill, levels = fit_levels(*level_counts(chosen.texts[column.name]), column)
    raw = unscaled(column, fill, levels)
    raw = replace(raw, bins=fit_bins(chosen, raw))
    if column.encoding == "onehot":
        return raw
    means_and_stds = [
        _mean_and_std(output, values)
        for output, values in zip(raw.outputs, _columns(chosen, raw, room), strict=True)
    ]
    mean, std = map(list, zip(*means_and_stds, strict=True))
    return replace(raw, mean=mean, std=std)


def _chosen(table: Table, rows: Mask | None, name: str, room: npt.NDArray[np.float64]) -> Table:
    """Some rows of one column; numbers in float64 are in `room`."""
    numbers = table.numbers.get(name)
    if numbers is None or numbers.dtype != np.float64:
        return table.take(rows, [name])
    if rows is None:
        room[:] = numbers
    else:
        take(numbers, rows, out=room)
    return Table(len(room), {name: room}, {})


def unscaled(column: Column, fill: float | str, levels: list[str]) -> Feature:
    """The feature with a mean of 0 and a standard deviation of 1, as a one-hot one's remain."""
    outputs = [column.name]
    if column.kind == "datetime":
        outputs = [f"{column.name}.{part}" for part in column.parts]
    elif column.encoding == "onehot":
        outputs = [f"{column.name}={level}" for level in levels]
        outputs += [f"{column.name}=(rare)"] if column.rare else []
    zeros, ones = [0.0] * len(outputs), [1.0] * len(outputs)
    return Feature(column.name, column.kind, column.encoding, outputs, fill, levels, zeros, ones)


def _fit_numbers(numbers: npt.NDArray[Any], column: Column) -> float:
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
    """The number that would be at a place, were they sorted; much faster than to sort them."""
    low, high = int(numbers.min()), int(numbers.max())
    while low < high:
        middle = (low + high) // 2
        if np.count_nonzero(numbers <= middle) > rank:
            high = middle
        else:
            low = middle + 1
    return low


def _at_ranks(numbers: npt.NDArray[np.floating[Any]], first: int, last: int) -> list[float]:
    """The numbers that would be at two places next to each other, were they sorted, which has NaN
    last. A sample tells between what they are, so that few have to be sorted (Floyd and Rivest,
    "Expected time bounds for selection", 1975)."""
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
    return InputError(f"{name} must have a value in a training row, got none")


def fit_levels(count_of: dict[str, int], missing: int, column: Column) -> tuple[str, list[str]]:
    """What stands in for a missing text, and the levels that have a code of their own."""
    count_of = dict(count_of)
    present = sorted(level for level, count in count_of.items() if count)
    if column.impute is not None:
        fill = str(column.impute)
        if missing:
            count_of[fill] = count_of.get(fill, 0) + missing
            present = sorted({*present, fill})
    elif not present:
        raise without_value(column.name)
    elif column.kind == "datetime":
        dates = sorted((str(date_of(level)), count_of[level]) for level in present)
        cumulative = np.cumsum([count for _, count in dates])
        fill = dates[int(np.searchsorted(cumulative, (cumulative[-1] + 1) // 2))][0]
    elif column.kind == "boolean":
        trues = sum(count_of[level] for level in present if BOOLEANS[level.lower()])
        fill = "true" if 2 * trues > sum(count_of.values()) else "false"
    else:
        fill = max(present, key=count_of.__getitem__)  # of equally frequent ones, the first
    if column.kind != "categorical":
        return fill, []
    levels = [level for level in present if count_of[level] >= column.rare]
    if len(levels) > MAX_LEVELS[column.encoding]:
        raise InputError(
            f"{column.name} must have at most {MAX_LEVELS[column.encoding]} levels, as "
            f"{column.encoding}, got {len(levels)}; "
            "drop it, or give it `rare` so that the rare ones share a code"
        )
    return fill, levels


def fit_bins(table: Table, feature: Feature) -> list[Bins]:
    """The bins of a column, with the rows that a table has in them."""
    step = -(-table.rows // bins.SAMPLE)
    if feature.kind == "numeric":
        sample = table.numbers[feature.name][::step]
        empty = [Bins(feature.name, bins.edges_of(sample), [], [])]
    elif feature.kind == "datetime":
        texts = table.texts[feature.name]
        samples = parts_of(texts, feature)[texts.codes[::step]].T
        empty = [
            Bins(name, bins.edges_of(sample), [], [])
            for name, sample in zip(feature.outputs, samples, strict=True)
        ]
    else:
        texts = table.texts[feature.name]
        weights: Counter[str] = Counter()
        for level, rows in zip(shown_levels(texts, feature), texts.counts, strict=False):
            weights[level] += int(rows)
        levels = bins.most_frequent(list(weights), np.array([*weights.values()], np.int64))
        empty = [Bins(feature.name, [], levels, [])]
    learned = replace(feature, bins=empty)
    return [
        replace(each, rows=rows.tolist())
        for each, rows in zip(empty, in_bins(learned, table), strict=True)
    ]


def _columns(
    table: Table, feature: Feature, room: npt.NDArray[np.float64]
) -> Iterator[npt.NDArray[np.float64]]:
    """The columns of X before they are standardised, each in `room` (rows,), where the next one
    replaces it; missing values are filled."""
    if feature.kind == "numeric":
        if (numbers := table.numbers[feature.name]) is not room:
            room[:] = numbers
        impute(room, feature)
        yield room
    else:
        texts = table.texts[feature.name]
        for numbers in category_values(texts, feature).T:
            yield take(numbers, texts.codes, room)  # -1 is missing


def _mean_and_std(name: str, values: npt.NDArray[np.float64]) -> tuple[float, float]:
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
        raise InputError(f"{name} must have a variance below 1e308, got its numbers reach beyond")
    # A constant's variance is 0 but for rounding: `sklearn.preprocessing._is_constant_feature`.
    eps = np.finfo(np.float64).eps
    if variance <= n * eps * variance + (n * mean * eps) ** 2:
        log.warning("%s is constant in the training rows: it is kept, scaled by 1", name)
        return 1.0
    return math.sqrt(variance)

"""What is learned from the training rows: `fit` makes the spec that `features.spec` applies.

Its arithmetic is that of the reference notebook (`StandardScaler`, `LabelEncoder`).
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trainer.errors import InputError
from vertex_tabular.features import bins
from vertex_tabular.features.apply import impute
from vertex_tabular.features.bins import Bins
from vertex_tabular.features.counting import rows_in_bins
from vertex_tabular.features.encoding import category_values, date_parts, shown_categories
from vertex_tabular.features.numbers import fit_numbers, mean_and_std, without_value
from vertex_tabular.features.spec import Feature, Spec, listed_words
from vertex_tabular.schema.dates import date_of
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import BOOLEANS, classes_of
from vertex_tabular.tables.table import Mask, Table, category_counts, count_of, take

# Of one column; beyond, it names the rows rather than describes them.
MAX_CATEGORIES = {"ordinal": 100_000, "onehot": 1_000}


def fit(table: Table, schema: Schema, rows: Mask | None = None) -> Spec:
    """Learns the spec from the rows for which `rows` (all rows,) is true (the classes: from every
    row).

    Raises:
        InputError: a column has no value at all in these rows.
    """
    classes = classes_of(table.texts[schema.target].categories) if schema.classifies else None
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

    # Not more threads, because each holds its column in float64. Not `threaded_map`, which deals
    # columns out as the earlier ones end, in order: they take very unequal times.
    with ThreadPoolExecutor(2) as pool:
        columns = list(pool.map(fit_column, schema.columns))
    return Spec(schema.task, schema.target, classes, columns, listed_words(schema.missing))


def _fit_column(
    table: Table, rows: Mask | None, column: Column, room: npt.NDArray[np.float64]
) -> Feature:
    """Learns one column; `room` (rows,) is overwritten."""
    fill: float | str
    categories: list[str] = []
    chosen = _chosen(table, rows, column.name, room)
    if column.kind == "numeric":
        fill = fit_numbers(chosen.numbers[column.name], column)
    else:
        fill, categories = fit_categories(*category_counts(chosen.texts[column.name]), column)
    raw = unscaled(column, fill, categories)
    raw = replace(raw, bins=fit_bins(chosen, raw))
    if column.encoding == "onehot":
        return raw
    means_and_stds = [
        mean_and_std(output, values)
        for output, values in zip(raw.measures, _columns(chosen, raw, room), strict=True)
    ]
    return scaled(raw, means_and_stds)


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


def unscaled(column: Column, fill: float | str, categories: list[str]) -> Feature:
    """The feature with a mean of 0 and a standard deviation of 1, as a one-hot one's remain."""
    outputs = [column.name]
    if column.kind == "datetime":
        outputs = [f"{column.name}.{part}" for part in column.parts]
    elif column.encoding == "onehot":
        outputs = [f"{column.name}={category}" for category in categories]
        outputs += [f"{column.name}=(rare)"] if column.min_frequency else []
    outputs += [f"{column.name}=(missing)"] if column.indicator else []
    return Feature(
        column.name,
        column.kind,
        column.encoding,
        outputs,
        fill,
        categories,
        mean=[0.0] * len(outputs),
        std=[1.0] * len(outputs),
        order=column.order,
        missing=listed_words(column.missing),
        indicator=column.indicator,
        min_frequency=column.min_frequency,
    )


def scaled(raw: Feature, means_and_stds: list[tuple[float, float]]) -> Feature:
    """The feature with the mean and the standard deviation of each of its measures."""
    count = len(means_and_stds)
    mean, std = ([pair[i] for pair in means_and_stds] for i in (0, 1))
    return replace(raw, mean=mean + raw.mean[count:], std=std + raw.std[count:])


def fit_categories(count_of: dict[str, int], missing: int, column: Column) -> tuple[str, list[str]]:
    """What stands in for a missing text, and the categories that have a code of their own."""
    count_of = dict(count_of)
    present = sorted(category for category, count in count_of.items() if count)
    if column.impute is not None:
        fill = str(column.impute)
        if missing:
            count_of[fill] = count_of.get(fill, 0) + missing
            present = sorted({*present, fill})
    elif not present:
        raise without_value(column.name)
    elif column.kind == "datetime":
        dates = sorted((str(date_of(category)), count_of[category]) for category in present)
        cumulative = np.cumsum([count for _, count in dates])
        fill = dates[int(np.searchsorted(cumulative, (cumulative[-1] + 1) // 2))][0]
    elif column.kind == "boolean":
        trues = sum(count_of[category] for category in present if BOOLEANS[category.lower()])
        fill = "true" if 2 * trues > sum(count_of.values()) else "false"
    else:
        fill = max(present, key=count_of.__getitem__)  # of equally frequent ones, the first
    if column.kind != "categorical":
        return fill, []
    categories = [category for category in present if count_of[category] >= column.min_frequency]
    if len(categories) > MAX_CATEGORIES[column.encoding]:
        raise InputError(
            f"{column.name} must have at most {MAX_CATEGORIES[column.encoding]} categories, as "
            f"{column.encoding}, got {len(categories)}; "
            "drop it, or give it `min_frequency` so that the rare ones share a code"
        )
    return fill, categories


def fit_bins(table: Table, feature: Feature) -> list[Bins]:
    """The bins of a column, with the rows that a table has in them."""
    step = -(-table.rows // bins.SAMPLE)
    if feature.kind == "numeric":
        sample = table.numbers[feature.name][::step]
        empty = [Bins(feature.name, bins.edges_of(sample), [], [])]
    elif feature.kind == "datetime":
        texts = table.texts[feature.name]
        samples = date_parts(texts, feature)[texts.codes[::step]].T
        empty = [
            Bins(name, bins.edges_of(sample), [], [])
            for name, sample in zip(feature.measures, samples, strict=True)
        ]
    else:
        texts = table.texts[feature.name]
        weights: Counter[str] = Counter()
        for category, rows in zip(shown_categories(texts, feature), texts.counts, strict=False):
            weights[category] += int(rows)
        categories = bins.most_frequent(list(weights), np.array([*weights.values()], np.int64))
        empty = [Bins(feature.name, [], categories, [])]
    learned = replace(feature, bins=empty)
    return [
        replace(each, rows=rows.tolist())
        for each, rows in zip(empty, rows_in_bins(learned, table), strict=True)
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
        for numbers in category_values(texts, feature).T[: len(feature.measures)]:
            yield take(numbers, texts.codes, room)  # -1 is missing

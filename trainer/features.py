"""The feature spec: what was learned from the training rows, and how it turns rows into arrays.

`fit` learns it and `apply` uses it, for training and for prediction alike; `save` and `load` keep
it as `spec.json`. Its arithmetic is that of the lesson (`StandardScaler`, `LabelEncoder`).
"""

import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer import bins
from trainer.bins import Bins
from trainer.contract import atomic_write
from trainer.errors import InputError
from trainer.parallel import in_order
from trainer.schema import Column, Schema
from trainer.tables import Indices, Table, Texts
from trainer.values import BOOLEANS, date_of, part_of

log = logging.getLogger(__name__)

BLOCK_ROWS = 1 << 16  # whose numbers stay in the cache

# Of one column; beyond, it names the rows rather than describes them.
MOST_LEVELS = {"ordinal": 100_000, "onehot": 1_000}


@dataclass(frozen=True)
class Feature:
    """What one column of the table becomes: one column of X or several, which `outputs` names.

    Each is (value - mean) / std, where a value is a number, the code of a level, a part of a date,
    or with one-hot encoding 1 for the level and 0 for the others. `fill` stands in for what is
    missing. The codes of `levels` are 0, 1, ... and every other level has the next one.
    `bins` tell how the rows were spread that all this was learned from; older specs have none.
    """

    name: str
    kind: str
    encoding: str
    outputs: list[str]
    fill: float | str
    levels: list[str]
    mean: list[float]
    std: list[float]
    bins: list[Bins] = field(default_factory=list)


@dataclass(frozen=True)
class Spec:
    """Everything that turns rows into arrays; the codes in y are positions in `classes`."""

    task: str
    target: str
    classes: list[float | str] | None
    columns: list[Feature]

    @property
    def features(self) -> list[str]:
        """The names of the columns of X."""
        return [name for feature in self.columns for name in feature.outputs]


def fit(table: Table, schema: Schema, rows: Indices | None = None) -> Spec:
    """Learns the spec from `rows` of the table (the classes: from every row).

    Raises:
        InputError: a column has no value at all in `rows`.
    """
    classes = classes_of(table.texts[schema.target].levels) if schema.classifies else None

    def fit_column(column: Column) -> Feature:
        chosen = table.take(rows, [column.name])
        feature = _fit_column(chosen, column)
        return replace(feature, bins=fit_bins(chosen, feature))

    # Two at a time, because each holds its column twice in float64.
    columns = list(in_order(fit_column, schema.columns, most=2))
    return Spec(schema.task, schema.target, classes, columns)


def apply(spec: Spec, table: Table, dtype: str = "float32") -> npt.NDArray[Any]:
    """The features of the table's rows: shape (rows, features), standardised, no units.

    Raises:
        InputError: a number is so far from the training rows' that `dtype` cannot hold it.
    """
    return applier(spec, table, dtype)(np.arange(table.rows))


def applier(spec: Spec, table: Table, dtype: str) -> Callable[[Indices], npt.NDArray[Any]]:
    """`apply` for some rows of the table at a time: a function of their numbers."""
    lookups = [_lookup(table, feature) for feature in spec.columns]

    def rows_of(rows: Indices) -> npt.NDArray[Any]:
        X = np.empty((len(rows), len(spec.features)), dtype)
        first = 0
        for feature, lookup in zip(spec.columns, lookups, strict=True):
            last = first + len(feature.outputs)
            try:
                with np.errstate(over="raise"):
                    X[:, first:last] = lookup(rows)
            except FloatingPointError:
                raise InputError(
                    f"{feature.name} must fit {dtype} once standardised, however: a number is too "
                    "far from those of the training rows"
                ) from None
            first = last
        return X

    return rows_of


def unseen(spec: Spec, table: Table, rows: Indices | None = None) -> dict[str, int]:
    """By categorical column, how many of `rows`, or of all, have a level that is not in the spec;
    no zeros."""
    counts = {}
    for feature in spec.columns:
        if feature.kind == "categorical":
            texts = table.texts[feature.name]
            known = set(feature.levels)
            new = np.array([*(level not in known for level in texts.levels), False])
            if not new.any():
                continue
            codes = texts.codes if rows is None else texts.codes.take(rows)
            if count := int(np.count_nonzero(new[codes])):
                counts[feature.name] = count
    return counts


def in_bins(feature: Feature, table: Table) -> list[bins.Counts]:
    """How many rows of the table are in each of the feature's bins."""
    if not feature.bins:
        return []
    if feature.kind == "numeric":
        numbers = table.numbers[feature.name]
        blocks = [numbers[i : i + BLOCK_ROWS] for i in range(0, table.rows, BLOCK_ROWS)]
        return [each.count_blocks(blocks) for each in feature.bins]
    texts = table.texts[feature.name]
    rows = _rows_of_levels(texts)
    if feature.kind == "datetime":
        parts = _parts(texts, feature).T
        pairs = zip(feature.bins, parts, strict=True)
        return [each.count_numbers(numbers, rows) for each, numbers in pairs]
    levels = _shown_levels(texts, feature)
    return [each.count_levels(levels, rows[:-1], int(rows[-1])) for each in feature.bins]


def labels(spec: Spec, table: Table, dtype: str = "float32") -> npt.NDArray[Any]:
    """The target of the table's rows, shape (rows,): positions in `spec.classes`, or numbers.

    Numbers are float64. Positions are int64 beside float64 features, as in the lesson, else as
    short as they can be.
    """
    if spec.classes is None:
        # float32 would turn ids, or seconds since 1970, into steps of hundreds.
        return table.numbers[spec.target].astype(np.float64)
    target = table.texts[spec.target]
    code_of = {level: code for code, level in enumerate(spec.classes)}
    numeric = not isinstance(spec.classes[0], str)
    codes = [code_of[_number(level) if numeric else level] for level in target.levels]
    narrow = np.min_scalar_type(-len(spec.classes))
    positions: npt.NDArray[Any] = np.array(codes, np.int64 if dtype == "float64" else narrow)
    return positions.take(target.codes)


def save(spec: Spec, path: Path) -> dict[str, Any]:
    """Writes the spec as JSON, and returns what was written; floats keep every bit."""
    content = {"features": spec.features, **asdict(spec)}
    with atomic_write(path) as file:
        file.write(json.dumps(content, indent=2, allow_nan=False).encode() + b"\n")
    return content


def load(path: Path) -> Spec:
    """Reads what `save` wrote.

    Raises:
        InputError: the file is missing, or is not a feature spec.
    """
    try:
        content = json.loads(path.read_bytes())
        columns = [
            Feature(**{**column, "bins": [Bins(**each) for each in column.get("bins", ())]})
            for column in content["columns"]
        ]
        return Spec(content["task"], content["target"], content["classes"], columns)
    except OSError as error:
        raise InputError(
            f"a feature spec must be a file, however: {path}: {error.strerror}"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} must be a feature spec, however: {error!r}") from None


def _fit_column(table: Table, column: Column) -> Feature:
    """Learns one column from a table that has no other."""
    fill: float | str
    levels: list[str] = []
    if column.kind == "numeric":
        fill = _fit_numbers(table.numbers[column.name], column)
    else:
        fill, levels = fit_levels(*level_counts(table.texts[column.name]), column)
    raw = unscaled(column, fill, levels)
    if column.encoding == "onehot":
        return raw
    means_and_stds = [
        _mean_and_std(output, values)
        for output, values in zip(raw.outputs, _columns(table, raw), strict=True)
    ]
    mean, std = map(list, zip(*means_and_stds, strict=True))
    return replace(raw, mean=mean, std=std)


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
    # Whole numbers are never missing.
    present = numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers.copy()
    if not present.size:
        raise without_value(column.name)
    if column.impute == "mean":
        return float(np.mean(present.astype(np.float64)))
    # The median in float64, of numbers that need not be.
    middle = [(len(present) - 1) // 2, len(present) // 2]
    present.partition(middle)
    low, high = present[middle].tolist()
    return float((low + high) / 2)


def without_value(name: str) -> InputError:
    return InputError(f"{name} must have a value in a training row, however: none")


def level_counts(texts: Texts) -> tuple[dict[str, int], int]:
    """How often each level occurs, and how often none does."""
    *counts, missing = _rows_of_levels(texts).tolist()
    return dict(zip(texts.levels, counts, strict=True)), missing


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
    if len(levels) > MOST_LEVELS[column.encoding]:
        raise InputError(
            f"{column.name} must have at most {MOST_LEVELS[column.encoding]} levels, as "
            f"{column.encoding}, however: {len(levels)}; "
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
        samples = _parts(texts, feature)[texts.codes[::step]].T
        empty = [
            Bins(name, bins.edges_of(sample), [], [])
            for name, sample in zip(feature.outputs, samples, strict=True)
        ]
    else:
        texts = table.texts[feature.name]
        weights: Counter[str] = Counter()
        for level, rows in zip(_shown_levels(texts, feature), _rows_of_levels(texts), strict=False):
            weights[level] += int(rows)
        levels = bins.most_frequent(list(weights), np.array([*weights.values()], np.int64))
        empty = [Bins(feature.name, [], levels, [])]
    learned = replace(feature, bins=empty)
    return [
        replace(each, rows=rows.tolist())
        for each, rows in zip(empty, in_bins(learned, table), strict=True)
    ]


def _rows_of_levels(texts: Texts) -> bins.Counts:
    """How many rows have each level; the last number is of those in which it is missing."""
    rows = np.zeros(len(texts.levels) + 1, np.int64)
    step = max(BLOCK_ROWS, len(rows))
    for i in range(0, len(texts.codes), step):
        codes = texts.codes[i : i + step].astype(np.intp)
        rows += np.bincount(codes + 1, minlength=len(rows))
    return np.roll(rows, -1)


def _shown_levels(texts: Texts, feature: Feature) -> list[str]:
    """The levels as they are, but one word for each of the ways to write a boolean."""
    if feature.kind != "boolean":
        return texts.levels
    return ["true" if BOOLEANS[level.lower()] else "false" for level in texts.levels]


def _parts(texts: Texts, feature: Feature) -> npt.NDArray[np.float64]:
    """The parts of each date: shape (levels + 1, parts); NaN in the last row, for missing."""
    parts = meanings(texts, feature)
    parts[-1] = np.nan
    return parts


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
        raise InputError(
            f"{name} must have a variance below 1e308, however: its numbers reach beyond"
        )
    # A constant's variance is 0 but for rounding: `sklearn.preprocessing._is_constant_feature`.
    eps = np.finfo(np.float64).eps
    if variance <= n * eps * variance + (n * mean * eps) ** 2:
        log.warning("%s is constant in the training rows: it is kept, scaled by 1", name)
        return 1.0
    return math.sqrt(variance)


def _columns(table: Table, feature: Feature) -> Iterator[npt.NDArray[np.float64]]:
    """The columns of X before they are standardised, one by one; missing values are filled."""
    if feature.kind == "numeric":
        yield _filled(table.numbers[feature.name], feature)
    else:
        texts = table.texts[feature.name]
        for numbers in meanings(texts, feature).T:
            yield numbers[texts.codes]


def _filled(numbers: npt.NDArray[Any], feature: Feature) -> npt.NDArray[np.float64]:
    values = numbers.astype(np.float64)
    if numbers.dtype.kind == "f":
        values[np.isnan(numbers)] = feature.fill
    return values


def _lookup(table: Table, feature: Feature) -> Callable[[Indices], npt.NDArray[np.float64]]:
    """A function from numbers of rows to the columns of X that `feature` becomes."""
    mean, std = np.array(feature.mean), np.array(feature.std)
    # Of text and small whole numbers there are few kinds and many rows: the kinds are standardised.
    if feature.kind != "numeric":
        texts = table.texts[feature.name]
        kinds, column = meanings(texts, feature), texts.codes
    elif (column := table.numbers[feature.name]).dtype == np.int8:
        kinds = np.arange(256).astype(np.int8).astype(np.float64)[:, np.newaxis]  # [-1] is -1
    else:
        return lambda rows: (_filled(column.take(rows), feature)[:, np.newaxis] - mean) / std
    standardised = (kinds - mean) / std
    return lambda rows: standardised.take(column.take(rows), axis=0, mode="wrap")


def meanings(texts: Texts, feature: Feature) -> npt.NDArray[np.float64]:
    """The numbers that each level of `texts` stands for: shape (levels + 1, outputs).

    The last row, which is at -1 too, is for missing.
    """
    levels = [*texts.levels, str(feature.fill)]
    if feature.kind == "boolean":
        return np.array([[BOOLEANS[level.lower()]] for level in levels])
    if feature.kind == "datetime":
        parts = [output.rpartition(".")[2] for output in feature.outputs]
        dates = [date_of(level) for level in levels]
        return np.array([[part_of(date, part) for part in parts] for date in dates if date])
    code_of = {level: code for code, level in enumerate(feature.levels)}
    codes = [code_of.get(level, len(code_of)) for level in levels]
    if feature.encoding == "ordinal":
        return np.array(codes, np.float64)[:, np.newaxis]
    width = len(feature.outputs)
    return np.eye(max(width, len(code_of) + 1), width)[codes]


def classes_of(levels: Iterable[str]) -> list[float | str]:
    """The target's classes in order: as numbers where all of them are, else as text."""
    try:
        return sorted({_number(level) for level in levels})
    except ValueError:
        return sorted(levels)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() else number

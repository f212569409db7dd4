"""The feature spec: what was learned from the training rows, and how it turns rows into arrays.

`features.fitting` learns it and `apply` uses it, for training and for prediction alike; `save` and
`load` keep it as `spec.json`.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.contract import atomic_write
from trainer.errors import InputError
from vertex_tabular.features import bins
from vertex_tabular.features.bins import Bins
from vertex_tabular.schema.values import BOOLEANS, class_number, date_of, part_of
from vertex_tabular.tables.reader import BLOCK_ROWS, Categorical, Indices, Table, take

MAX_IN_PATTERNS = (1 << 16) - 1  # numbers, which stay in the cache, and have 16-bit places


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


def apply(spec: Spec, table: Table, dtype: str = "float32") -> npt.NDArray[Any]:
    """The features of the table's rows: shape (rows, features), standardised, no units.

    Raises:
        InputError: a number is so far from the training rows' that `dtype` cannot hold it.
    """
    return make_features(spec, table, dtype)(np.arange(table.rows))


def make_features(spec: Spec, table: Table, dtype: str) -> Callable[[Indices], npt.NDArray[Any]]:
    """`apply` for some rows of the table at a time: a function of their numbers.

    Raises:
        InputError: as `apply`; so does the function.
    """
    width = len(spec.features)
    most = min(MAX_IN_PATTERNS, table.rows)
    # Of text and small whole numbers there are few kinds, and few combinations. A pattern is a row
    # of X for one of these, and `codes` are the table's rows by pattern: to look that up takes as
    # long as to look up one column.
    patterns = np.zeros((1, width), dtype)
    combined: list[Kinds] = []
    others: list[tuple[Feature, slice, Callable[[Indices], npt.NDArray[np.float64]]]] = []
    last = 0
    for feature in spec.columns:
        columns = slice(last, last := last + len(feature.outputs))
        kinds = _kinds(table, feature)
        if kinds and (count := len(kinds.numbers)) * patterns.size <= most:
            new = np.tile(kinds.numbers, (len(patterns), 1))
            patterns = patterns.repeat(count, axis=0)
            with _must_fit(feature, dtype):
                patterns[:, columns] = _standardised(new, feature)
            combined.append(kinds)
        else:
            others.append((feature, columns, _lookup(table, feature, kinds)))
    codes = _codes(combined, table.rows)

    def rows_of(rows: Indices) -> npt.NDArray[Any]:
        X: npt.NDArray[Any] = patterns.take(take(codes, rows), axis=0)
        for feature, columns, lookup in others:
            with _must_fit(feature, dtype):
                X[:, columns] = lookup(rows)
        return X

    return rows_of


@contextlib.contextmanager
def _must_fit(feature: Feature, dtype: str) -> Iterator[None]:
    """Raises InputError where a number of the feature does not fit."""
    try:
        with np.errstate(over="raise"):
            yield
    except FloatingPointError:
        raise InputError(
            f"{feature.name} must fit {dtype} once standardised, got a number is too "
            "far from those of the training rows"
        ) from None


@dataclass(frozen=True)
class Kinds:
    """A column in which few numbers occur, or few levels: its `codes` from `first` stand for the
    rows of `numbers` (kinds, outputs), which are not standardised."""

    codes: npt.NDArray[Any]
    first: int
    numbers: npt.NDArray[np.float64]


def _codes(combined: list[Kinds], rows: int) -> npt.NDArray[np.uint16]:
    """For each row the number of its combination, the last column's kinds next to each other."""
    codes = np.zeros(rows, np.uint16)
    for i in range(0, rows, BLOCK_ROWS):
        block = codes[i : i + BLOCK_ROWS]
        for kinds in combined:
            block *= np.uint16(len(kinds.numbers))
            block += kinds.codes[i : i + BLOCK_ROWS].astype(np.uint16)
            block -= np.array(kinds.first).astype(np.uint16)
    return codes


def _kinds(table: Table, feature: Feature) -> Kinds | None:
    if feature.kind != "numeric":
        texts = table.texts[feature.name]
        return Kinds(texts.codes, -1, np.roll(category_values(texts, feature), 1, axis=0))
    column = table.numbers[feature.name]
    if column.dtype != np.int8:
        return None
    first, last = int(column.min(initial=0)), int(column.max(initial=0))
    return Kinds(column, first, np.arange(first, last + 1.0)[:, np.newaxis])


def _lookup(
    table: Table, feature: Feature, kinds: Kinds | None
) -> Callable[[Indices], npt.NDArray[np.float64]]:
    """A function from numbers of rows to the columns of X that `feature` becomes."""
    if kinds:
        scaled = np.roll(_standardised(kinds.numbers, feature), kinds.first, axis=0)
        return lambda rows: scaled.take(take(kinds.codes, rows), axis=0, mode="wrap")
    column = table.numbers[feature.name]

    def lookup(rows: Indices) -> npt.NDArray[np.float64]:
        values = take(column, rows).astype(np.float64, copy=False)
        impute(values, feature)
        return _standardised(values[:, np.newaxis], feature)

    return lookup


def _standardised(numbers: npt.NDArray[np.float64], feature: Feature) -> npt.NDArray[np.float64]:
    """Columns of X, of which `numbers` (rows, outputs), which is overwritten, are the meaning."""
    numbers -= np.array(feature.mean)
    numbers /= np.array(feature.std)
    return numbers


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
            codes = texts.codes if rows is None else take(texts.codes, rows)
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
    rows = texts.counts
    if feature.kind == "datetime":
        parts = parts_of(texts, feature).T
        pairs = zip(feature.bins, parts, strict=True)
        return [each.count_numbers(numbers, rows) for each, numbers in pairs]
    levels = shown_levels(texts, feature)
    return [each.count_levels(levels, rows[:-1], int(rows[-1])) for each in feature.bins]


def labels(spec: Spec, table: Table, dtype: str = "float32") -> npt.NDArray[Any]:
    """The target of the table's rows, shape (rows,): positions in `spec.classes`, or numbers.

    Numbers are float64. Positions are int64 beside float64 features, as in the lesson, else as
    short as they can be.
    """
    return make_targets(spec, table, dtype)(np.arange(table.rows))


def make_targets(spec: Spec, table: Table, dtype: str) -> Callable[[Indices], npt.NDArray[Any]]:
    """`labels` for some rows of the table at a time: a function of their numbers."""
    if spec.classes is None:
        numbers = table.numbers[spec.target]
        # float32 would turn ids, or seconds since 1970, into steps of hundreds.
        return lambda rows: take(numbers, rows).astype(np.float64, copy=False)
    target = table.texts[spec.target]
    code_of = {level: code for code, level in enumerate(spec.classes)}
    numeric = not isinstance(spec.classes[0], str)
    codes = [code_of[class_number(level) if numeric else level] for level in target.levels]
    narrow = np.min_scalar_type(-len(spec.classes))
    positions: npt.NDArray[Any] = np.array(codes, np.int64 if dtype == "float64" else narrow)
    return lambda rows: positions.take(take(target.codes, rows))


def save(spec: Spec, path: Path, origin: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Writes the spec as JSON, and returns what was written; floats keep every bit. `origin` says
    which table it was made from."""
    content = {"features": spec.features, **asdict(spec)}
    if origin:
        content["origin"] = dict(origin)
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
        raise InputError(f"a feature spec must be a file, got {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} must be a feature spec, got {error!r}") from None


def shown_levels(texts: Categorical, feature: Feature) -> list[str]:
    """The levels as they are, but one word for each of the ways to write a boolean."""
    if feature.kind != "boolean":
        return texts.levels
    return ["true" if BOOLEANS[level.lower()] else "false" for level in texts.levels]


def parts_of(texts: Categorical, feature: Feature) -> npt.NDArray[np.float64]:
    """The parts of each date: shape (levels + 1, parts); NaN in the last row, for missing."""
    parts = category_values(texts, feature)
    parts[-1] = np.nan
    return parts


def impute(values: npt.NDArray[np.float64], feature: Feature) -> None:
    """Replaces what is missing."""
    values[np.isnan(values)] = feature.fill


def category_values(texts: Categorical, feature: Feature) -> npt.NDArray[np.float64]:
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

"""Rows become arrays: features by what a spec has learned, and targets."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.errors import InputError
from vertex_tabular.features.encoding import category_values
from vertex_tabular.features.spec import Feature, Spec
from vertex_tabular.schema.values import plain_number
from vertex_tabular.tables.table import BLOCK_ROWS, Indices, Table, take

MAX_IN_PATTERNS = (1 << 16) - 1  # numbers, which stay in the cache, and have 16-bit places


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
    limit = min(MAX_IN_PATTERNS, table.rows)
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
        if kinds and (count := len(kinds.numbers)) * patterns.size <= limit:
            new = np.tile(kinds.numbers, (len(patterns), 1))
            patterns = patterns.repeat(count, axis=0)
            with _check_fit(feature, dtype):
                patterns[:, columns] = _standardised(new, feature)
            combined.append(kinds)
        else:
            others.append((feature, columns, _lookup(table, feature, kinds)))
    codes = _codes(combined, table.rows)

    def rows_of(rows: Indices) -> npt.NDArray[Any]:
        X: npt.NDArray[Any] = patterns.take(take(codes, rows), axis=0)
        for feature, columns, lookup in others:
            with _check_fit(feature, dtype):
                X[:, columns] = lookup(rows)
        return X

    return rows_of


@contextlib.contextmanager
def _check_fit(feature: Feature, dtype: str) -> Iterator[None]:
    """Raises InputError if a number of the feature does not fit."""
    try:
        with np.errstate(over="raise"):
            yield
    except FloatingPointError:
        raise InputError(
            f"{feature.name} must fit {dtype} once standardised, got a number too "
            "far from those of the training rows"
        ) from None


@dataclass(frozen=True)
class Kinds:
    """A column in which few numbers occur, or few categories.

    Its `codes` from `first` stand for the rows of `numbers` (kinds, outputs), which are not
    standardised.
    """

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
    numbers = np.arange(first, last + 1.0)
    return Kinds(column, first, _measured(numbers, feature))


def _measured(values: npt.NDArray[np.float64], feature: Feature) -> npt.NDArray[np.float64]:
    """Numbers (n,), of which the missing ones are replaced, as columns of X (n, outputs) before
    they are standardised."""
    if not feature.indicator:
        impute(values, feature)
        return values[:, np.newaxis]
    missing = np.isnan(values)
    impute(values, feature)
    return np.column_stack([values, missing])


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
        return _standardised(_measured(values, feature), feature)

    return lookup


def _standardised(numbers: npt.NDArray[np.float64], feature: Feature) -> npt.NDArray[np.float64]:
    """Columns of X, of which `numbers` (rows, outputs), which is overwritten, are the meaning."""
    numbers -= np.array(feature.mean)
    numbers /= np.array(feature.std)
    return numbers


def impute(values: npt.NDArray[np.float64], feature: Feature) -> None:
    """Replaces what is missing."""
    values[np.isnan(values)] = feature.fill


def labels(spec: Spec, table: Table, dtype: str = "float32") -> npt.NDArray[Any]:
    """The target of the table's rows, shape (rows,): positions in `spec.classes`, or numbers.

    Numbers are float64. Positions are int64 beside float64 features, as in the reference notebook,
    else as short as they can be.
    """
    return make_targets(spec, table, dtype)(np.arange(table.rows))


def make_targets(spec: Spec, table: Table, dtype: str) -> Callable[[Indices], npt.NDArray[Any]]:
    """`labels` for some rows of the table at a time: a function of their numbers."""
    if spec.classes is None:
        numbers = table.numbers[spec.target]
        # float32 would turn ids, or seconds since 1970, into steps of hundreds.
        return lambda rows: take(numbers, rows).astype(np.float64, copy=False)
    target = table.texts[spec.target]
    code_of = {name: code for code, name in enumerate(spec.classes)}
    # Other tables may write the class 1 as 1.0: pandas does, of whole numbers beside missing ones.
    for name, code in list(code_of.items()):
        code_of.setdefault(plain_number(name), code)
    codes = [code_of[name if name in code_of else plain_number(name)] for name in target.categories]
    narrow = np.min_scalar_type(-len(spec.classes))
    positions: npt.NDArray[Any] = np.array(codes, np.int64 if dtype == "float64" else narrow)
    return lambda rows: positions.take(take(target.codes, rows))

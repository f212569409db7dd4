"""Rows in memory, in any usual form, as the table that reading them from a CSV would give."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.errors import InputError
from vertex_tabular.features.spec import Spec
from vertex_tabular.prediction.inputs import broken_column, inputs_of
from vertex_tabular.schema.schema import Column
from vertex_tabular.schema.values import broken_number, plain_decimal, plain_number
from vertex_tabular.tables.table import Categorical, Table


class Columns(Protocol):
    """Values by column, or of one row: a dict, a pandas DataFrame or Series."""

    def __contains__(self, name: object, /) -> bool: ...
    def __getitem__(self, name: Any, /) -> Any: ...


Rows = Columns | list[Columns] | tuple[Columns, ...]


def table_of(spec: Spec, rows: Rows) -> Table:
    """The table of some rows.

    Args:
        spec: says which columns are read; others are ignored.
        rows: a pandas DataFrame, a dict of lists or arrays, or a list of rows; or one row, a dict
            of values or a pandas Series. A row is a dict of values or a pandas Series.

    Raises:
        InputError: a column is not there or has another length, or a value is not allowed.
    """
    columns = _columns(spec, rows)
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, Categorical] = {}
    lengths: dict[str, int] = {}
    schema = inputs_of(spec)
    for column in schema.columns:
        values = columns[column.name]
        # By way of a list, in which pandas' types and numpy's are Python's, dates in ns excepted.
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            values = values.astype("datetime64[us]")
        values = values.tolist() if hasattr(values, "tolist") else values
        if not _is_many(values):
            raise InputError(f"{column.name} must be a list or an array, got {values!r}")
        values = [None if _is_missing(value, column) else value for value in values]
        if column.kind == "numeric":
            numbers[column.name] = _numbers(column, values)
        else:
            texts[column.name] = _texts(column, values)
        lengths[column.name] = len(values)
    if len(set(lengths.values())) > 1:
        raise InputError(f"columns must be of one length, got {lengths}")
    table = Table(next(iter(lengths.values())), numbers, texts)
    for column in schema.columns:
        if problem := broken_column(table, column):
            raise InputError(problem)
    return table


def _columns(spec: Spec, rows: Any) -> Columns:
    """The values of the columns that are read, a sequence each."""
    names = [feature.name for feature in spec.columns]
    if isinstance(rows, list | tuple):
        for number, row in enumerate(rows):
            _check_names(names, row, f" in row {number}")
        return {name: [row[name] for row in rows] for name in names}
    _check_names(names, rows, "")
    # A Series has an index of names, where a DataFrame has one of rows.
    is_series = hasattr(rows, "index") and not hasattr(rows, "columns")
    if is_series or (isinstance(rows, Mapping) and not any(_is_many(rows[n]) for n in names)):
        return {name: [rows[name]] for name in names}
    columns: Columns = rows
    return columns


def _check_names(names: Iterable[str], among: Any, where: str) -> None:
    if isinstance(among, str) or not hasattr(among, "__getitem__"):
        raise InputError(
            f"rows must be a DataFrame, a dict of lists, a dict, or a list of dicts, got {among!r}"
        )
    if absent := [name for name in names if name not in among]:
        raise InputError(
            f"the model reads the columns {', '.join(names)}; missing{where}: {', '.join(absent)}"
        )


def _is_many(values: object) -> bool:
    return hasattr(values, "__iter__") and not isinstance(values, str)


def _is_missing(value: object, column: Column) -> bool:
    if isinstance(value, str):
        return column.is_missing(value)
    # By name, because pandas need not be installed; first, because `pandas.NA != pandas.NA` is
    # neither true nor false.
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value is None or value != value


def _numbers(column: Column, values: Sequence[Any]) -> NDArray[np.float64]:
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None:
            continue
        try:  # a text by the CSV's rules: Python takes 1_000 for a number
            rule = broken_number(value) if isinstance(value, str) else None
            numbers[row] = np.nan if rule else float(value)
        except (TypeError, ValueError):
            rule = "a number"
        if rule:
            raise InputError(f"{column.name} must be {rule}, got {value!r} (row {row})")
    return numbers


def _texts(column: Column, values: Sequence[Any]) -> Categorical:
    """Values as their text in a CSV; numbers as plain decimals, as those of Parquet."""
    level_of: dict[str, int] = {}
    codes = np.full(len(values), -1, np.int32)
    for row, value in enumerate(values):
        if value is not None:
            text = str(value)
            if isinstance(value, float):
                text = plain_number(plain_decimal(text))
            codes[row] = level_of.setdefault(column.kept(text), len(level_of))
    return Categorical(codes, list(level_of))

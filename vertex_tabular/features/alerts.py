"""What to look at in a table before a model of it is trusted: columns that say nothing, that name
the rows, that are mostly empty, that stand twice, or that alone predict the target.

    {"kind": "constant", "columns": ["Region"], "text": "has one value in all rows"}

| kind      | of a column                                                                   |
|-----------|-------------------------------------------------------------------------------|
| constant  | that has one value in all rows, or none in any                                |
| id        | of whole numbers, or (nearly) so of texts, of which no two rows have the same |
| missing   | that has no value in more than half of the rows                               |
| duplicate | whose values are those of an earlier one, in every row                        |
| leak      | that alone predicts the target, as one learned only afterwards would          |

A leak is looked for in at most 2,000 rows, evenly spaced: half of them predict the other half by
the row that is nearest in this column alone. Its skill is the share of a constant prediction's
error (misclassified rows, or squared error of ranks) that is gone: 1 is perfect.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.pages.formatting import fixed, percent
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.table import Table

LEAK_ROWS = 2_000
MIN_ERRORS = 10  # rows that a constant prediction gets wrong, for a skill to mean something
LEAK_SKILL = 0.95
MOSTLY = 0.5
ID_SHARE, ID_ROWS = 0.95, 50

Array = npt.NDArray[Any]
Alert = dict[str, Any]


def alerts_of(profile: Mapping[str, Any], sample: Table, schema: Schema) -> list[Alert]:
    """The alerts of a table, the gravest kinds first.

    Args:
        profile: as `features.profile` makes it, without alerts.
        sample: some of its rows, of which those that predict the target are taken.
        schema: says which column is the target, which has no alerts, and which are dates.
    """
    target, profiled = schema.target, profile["columns"]
    columns = {name: column for name, column in profiled.items() if name != target}
    rows = profile["rows"]
    constant = [a for name, c in columns.items() for a in _constant(name, c)]
    dates = {column.name for column in schema.read if column.kind == "datetime"}
    dull = {alert["columns"][0] for alert in constant}
    rest = {name: column for name, column in columns.items() if name not in dull}
    return [
        *_leaks(sample, list(rest), target, schema.classifies),
        *_duplicates(sample, rest),
        *(a for name, c in rest.items() if name not in dates for a in _id(name, c, rows, sample)),
        *constant,
        *(a for name, c in rest.items() for a in _missing(name, c, rows)),
    ]


def _alert(kind: str, name: str, text: str, *others: str) -> Alert:
    return {"kind": kind, "columns": [name, *others], "text": text}


def _constant(name: str, column: Mapping[str, Any]) -> Iterator[Alert]:
    distinct = column.get("unique", 0)
    if not distinct:
        yield _alert("constant", name, "has no value in any row")
    elif distinct == 1 and column.get("min") == column.get("max") and not column["missing"]:
        yield _alert("constant", name, "has one value in all rows")


def _id(name: str, column: Mapping[str, Any], rows: int, sample: Table) -> Iterator[Alert]:
    present = rows - column["missing"]
    if column["type"] == "number":
        values = sample.numbers[name]
        values = values[~np.isnan(values)]
        present = len(values)
        different = len(np.unique(values)) == present
        named = different and bool((values == np.round(values)).all())
    else:
        named = column["unique"] >= ID_SHARE * present
    if named and present >= ID_ROWS:
        yield _alert("id", name, "has another value in nearly every row, as an identifier has")


def _missing(name: str, column: Mapping[str, Any], rows: int) -> Iterator[Alert]:
    share = column["missing"] / rows
    if share > MOSTLY:
        yield _alert("missing", name, f"has no value in {percent(share)} of the rows")


def _duplicates(sample: Table, columns: Mapping[str, Mapping[str, Any]]) -> Iterator[Alert]:
    """Columns of the same profile whose values are the same in all rows of the sample."""
    first: dict[object, str] = {}
    for name, column in columns.items():
        if name in sample.texts:
            texts = sample.texts[name]
            found, codes = np.unique(texts.codes, return_inverse=True)
            values = repr([texts.categories[code] if code >= 0 else None for code in found])
            content = values.encode() + codes.astype(np.int32).tobytes()
        else:
            content = (sample.numbers[name].astype(np.float64) + 0.0).tobytes()
        key = (column["type"], column["missing"], column.get("min"), column.get("max"), content)
        if key in first:
            yield _alert("duplicate", name, "has the same values as", first[key])
        first.setdefault(key, name)


def _leaks(sample: Table, names: list[str], target: str, classifies: bool) -> Iterator[Alert]:
    sample = sample.take(np.arange(0, sample.rows, -(-sample.rows // LEAK_ROWS)))
    known = ~sample.missing(target)
    numbers = _as_numbers(sample, target)
    if not classifies:  # by rank: one odd value has more squared error than all the others
        numbers = np.searchsorted(np.sort(numbers[known]), numbers).astype(np.float64)
    even = np.arange(sample.rows) % 2 == 0
    learn, judge = np.flatnonzero(known & even), np.flatnonzero(known & ~even)
    if not len(learn) or not len(judge):
        return
    constant = _most_frequent(numbers[learn]) if classifies else float(numbers[learn].mean())
    before = _error(numbers[judge], constant, classifies)
    enough = before >= MIN_ERRORS if classifies else before > 0 and len(judge) >= 2 * MIN_ERRORS
    if not enough:
        return
    for name in names:
        values = _as_numbers(sample, name)
        predicted = _nearest(values, numbers, learn, judge, constant, name in sample.texts)
        skill = 1 - _error(numbers[judge], predicted, classifies) / before
        if skill >= LEAK_SKILL:
            text = f"alone predicts the target, with a skill of {fixed(skill, 2)}: it may be known "
            yield _alert("leak", name, f"{text}only when the target is")


def _as_numbers(table: Table, name: str) -> Array:
    """The values of a column, float64 (n,); of texts, their codes; NaN is missing."""
    if name not in table.texts:
        return table.numbers[name].astype(np.float64)
    codes = table.texts[name].codes.astype(np.float64)
    return np.where(codes < 0, np.nan, codes)


def _most_frequent(values: Array) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def _error(truth: Array, predicted: Array | float, classifies: bool) -> float:
    if classifies:
        return float(np.count_nonzero(truth != predicted))
    return float(np.square(truth - predicted).sum())


def _nearest(
    values: Array, target: Array, learn: Array, judge: Array, constant: float, exact: bool
) -> Array:
    """For each row of `judge` the target of a row of `learn` whose value is nearest, or, if it
    must be `exact`, the same, or else `constant`; missing is a value of its own."""
    predicted = np.full(len(judge), constant)
    gaps = learn[np.isnan(values[learn])]
    if len(gaps):
        predicted[np.isnan(values[judge])] = target[gaps[len(gaps) // 2]]
    learn = learn[~np.isnan(values[learn])]
    if not len(learn):
        return predicted
    learn = learn[np.argsort(values[learn], kind="stable")]
    sorted_values = values[learn]
    wanted = np.isfinite(values[judge])
    at = values[judge[wanted]]
    right = np.searchsorted(sorted_values, at).clip(0, len(learn) - 1)
    left = (right - 1).clip(0)
    closer = np.abs(sorted_values[left] - at) < np.abs(sorted_values[right] - at)
    nearest = np.where(closer, left, right)
    found = target[learn[nearest]]
    if exact:
        found = np.where(sorted_values[nearest] == at, found, constant)
    predicted[wanted] = found
    return predicted

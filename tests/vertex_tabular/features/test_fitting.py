"""What is learned from some rows of a table is what a table of these rows teaches."""

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vertex_tabular.joined import concatenate
from vertex_tabular.features import fitting
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables.formats.delimited import read_blocks

KINDS: list[dict[str, Any]] = [
    {"name": "whole", "kind": "numeric"},
    {"name": "half", "kind": "numeric"},
    {"name": "real", "kind": "numeric"},
    {"name": "mean", "kind": "numeric", "impute": "mean"},
    {"name": "text", "kind": "categorical"},
    {"name": "hot", "kind": "categorical", "encoding": "onehot"},
    {"name": "when", "kind": "datetime"},
]
SCHEMA = parse_schema({"target": "y", "columns": KINDS})


def test_rows_that_are_left_out_teach_nothing() -> None:
    random = np.random.default_rng(0)
    drawn = [
        random.integers(-9, 9, 500),
        random.integers(0, 99, 500) / 2,
        random.random(500),
        random.random(500),
        random.choice(list("abc"), 500),
        random.choice(list("de"), 500),
        random.choice(["2026-01-31", "2025-12-01"], 500),
        random.integers(0, 2, 500),
    ]
    rows = random.random(500) < 0.7
    lines = [
        ",".join(
            map(str, row) if kept else ["99", "99", "1e9", "-1e9", "z", "z", "1999-01-01", "0"]
        )
        for row, kept in zip(zip(*drawn, strict=True), rows, strict=True)
    ]
    header = ",".join([*(kind["name"] for kind in KINDS), "y"])

    def read(some: list[str]) -> Any:
        return concatenate(read_blocks(io.BytesIO(("\n".join([header, *some])).encode()), SCHEMA))

    table = read(lines)
    before = {name: column.copy() for name, column in table.numbers.items()}
    alone = read([line for line, kept in zip(lines, rows, strict=True) if kept])
    assert fitting.fit(table, SCHEMA, rows) == fitting.fit(alone, SCHEMA)
    for name, column in table.numbers.items():
        np.testing.assert_array_equal(column, before[name])


NUMBERS = [
    st.lists(st.integers(-128, 127), min_size=1),
    st.lists(st.integers(-999, 999).map(lambda n: n / 2) | st.just(math.nan), min_size=1),
    st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1),
]


@pytest.mark.parametrize("kind", range(3), ids=["int8", "float32", "float64"])
@given(data=st.data())
def test_the_median_stands_in_for_what_is_missing(kind: int, data: Any) -> None:
    numbers = data.draw(NUMBERS[kind])
    present = [number for number in numbers if not math.isnan(number)]
    schema = parse_schema({"target": "y", "columns": [{"name": "a", "kind": "numeric"}]})
    lines = "".join(f"{'' if math.isnan(n) else repr(n)},{i % 2}\n" for i, n in enumerate(numbers))
    table = concatenate(read_blocks(io.BytesIO(f"a,y\n{lines}0,0\n".encode()), schema))
    spec = fitting.fit(table, schema)
    assert spec.columns[0].fill == np.median([*present, 0.0])

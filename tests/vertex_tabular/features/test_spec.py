"""What each kind of column becomes, learned from one table and applied to another."""

import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vertex_tabular.joined import concatenate
from trainer.contract import SPEC
from trainer.errors import InputError
from vertex_tabular.features import fitting
from vertex_tabular.features.apply import apply, labels, make_features
from vertex_tabular.features.spec import load_spec, save_spec
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables import records
from vertex_tabular.tables.formats.delimited import read_blocks
from vertex_tabular.tables.table import Categorical, Table


def table(column: dict[str, Any], values: list[str]) -> tuple[Table, Any]:
    """A table with one column, as it is read from a CSV, and its schema."""
    schema = parse_schema({"target": "y", "columns": [{"name": "a", **column}]})
    rows = "".join(f'"{value}",{i % 2}\n' for i, value in enumerate(values))
    return concatenate(read_blocks(io.BytesIO(f"a,y\n{rows}".encode()), schema)), schema


def raw(column: dict[str, Any], train: list[str], new: list[str]) -> tuple[list[str], list[Any]]:
    """The names of the columns of X, and `new` as numbers that are not standardised."""
    spec = fitting.fit(*table(column, train))
    X = apply(spec, table(column, new)[0], "float64")
    feature = spec.columns[0]
    return spec.features, (X * feature.std + feature.mean).round(9).tolist()


ORDINAL = {"kind": "categorical"}
ONEHOT = {"kind": "categorical", "encoding": "onehot"}


@pytest.mark.parametrize(
    ("column", "train", "new", "names", "numbers"),
    [
        ({"kind": "numeric"}, ["1", "2", "9", ""], ["", "3"], ["a"], [[2], [3]]),
        ({"kind": "numeric", "impute": "mean"}, ["1", "2", "9", ""], [""], ["a"], [[4]]),
        ({"kind": "numeric", "impute": -1}, ["1", "2", "9"], ["NA"], ["a"], [[-1]]),
        (
            ORDINAL,
            ["b", "a", "c", "b"],
            ["a", "b", "c", "", "new"],
            ["a"],
            [[0], [1], [2], [1], [3]],
        ),
        (ORDINAL | {"impute": "c"}, ["b", "c"], ["", "b"], ["a"], [[1], [0]]),
        (ORDINAL | {"impute": "?"}, ["b", "", "c"], ["", "b", "new"], ["a"], [[0], [1], [3]]),
        (ORDINAL | {"impute": "?"}, ["b", "c"], ["", "b", "new"], ["a"], [[2], [0], [2]]),
        (
            ORDINAL | {"min_frequency": 2},
            ["b", "b", "c"],
            ["b", "c", "new"],
            ["a"],
            [[0], [1], [1]],
        ),
        (ONEHOT, ["b", "b", "a"], ["a", "", "new"], ["a=a", "a=b"], [[1, 0], [0, 1], [0, 0]]),
        (
            ONEHOT | {"min_frequency": 2},
            ["b", "b", "a"],
            ["a", "b", "new"],
            ["a=b", "a=(rare)"],
            [[0, 1], [1, 0], [0, 1]],
        ),
        ({"kind": "boolean"}, ["yes", "NO", "no"], ["true", "0", ""], ["a"], [[1], [0], [0]]),
        (
            {"kind": "datetime"},
            ["2024-02-29", "2025-01-01 10:00", "2026-12-31T23:59:59"],
            ["2026-11-23", ""],
            ["a.year", "a.month", "a.day", "a.weekday"],
            [[2026, 11, 23, 0], [2025, 1, 1, 2]],
        ),
        (
            {"kind": "datetime", "parts": ["hour", "year"], "impute": "2000-01-01"},
            ["2024-02-29 07:30", "2025-01-01"],
            [""],
            ["a.year", "a.hour"],
            [[2000, 0]],
        ),
    ],
)
def test_kinds(
    column: dict[str, Any], train: list[str], new: list[str], names: list[str], numbers: list[Any]
) -> None:
    assert raw(column, train, new) == (names, numbers)


def test_a_constant_column_is_kept_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert raw({"kind": "numeric"}, ["0.1"] * 9, ["0.1", "1.1"]) == (["a"], [[0.1], [1.1]])
    assert caplog.messages == ["a is constant in the training rows: it is kept, scaled by 1"]


def test_a_spec_survives_its_file(tmp_path: Path) -> None:
    spec = fitting.fit(*table(ONEHOT, ["b", "é", "a"]))
    save_spec(spec, tmp_path / SPEC)
    assert load_spec(tmp_path / SPEC) == spec


@pytest.mark.parametrize("content", [b"{}", b"[]", b"\xff", b'{"task": 1}'])
def test_a_bad_spec(content: bytes, tmp_path: Path) -> None:
    (tmp_path / SPEC).write_bytes(content)
    with pytest.raises(InputError, match="must be a feature spec, got "):
        load_spec(tmp_path / SPEC)
    with pytest.raises(InputError, match="none.json must be a feature spec, got No such file"):
        load_spec(tmp_path / "none.json")


def test_prediction_has_the_arrays_of_training(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": random.normal(50, 9, 300).round(3),
            "small": random.integers(-100, 100, 300),
            "c": random.choice(np.array(["x", "y", "z", None], object), 300),
            "o": random.choice(["p", "q"], 300),
            "when": pd.date_range("2024-01-01", periods=300).strftime("%Y-%m-%d"),
            "y": random.integers(0, 2, 300),
        }
    )
    frame.to_csv(tmp_path / "all.csv", index=False)
    columns = [
        {"name": "n", "kind": "numeric"},
        {"name": "small", "kind": "numeric"},
        {"name": "c", "kind": "categorical"},
        {"name": "o", "kind": "categorical", "encoding": "onehot"},
        {"name": "when", "kind": "datetime"},
    ]
    content = {"target": "y", "columns": columns}
    prepare(str(tmp_path / "all.csv"), content, str(tmp_path))
    spec = load_spec(tmp_path / SPEC)
    with np.load(tmp_path / "val_data.npz") as npz:
        expected = npz["X_val"]

    # One row at a time, as a prediction service gets them.
    order = np.random.RandomState(42).permutation(300)[:60]
    for row, number in zip(expected, order, strict=True):
        one = io.BytesIO(frame.iloc[[number]].to_csv(index=False).encode())
        alone = concatenate(read_blocks(one, parse_schema(content)))
        np.testing.assert_array_equal(apply(spec, alone)[0], row)


KINDS = parse_schema(
    {
        "target": "y",
        "columns": [
            {"name": "a", "kind": "numeric"},
            {"name": "m", "kind": "numeric", "impute": "mean"},
            {"name": "b", "kind": "categorical", "min_frequency": 2},
            {"name": "o", "kind": "categorical", "encoding": "onehot"},
            {"name": "t", "kind": "boolean"},
            {"name": "d", "kind": "datetime", "parts": ["month", "hour"]},
        ],
    }
)
NUMBERS = st.floats(-1e9, 1e9).map(repr) | st.just("")
LEVELS = st.sampled_from(["x", "y", "z", ""])
WORDS = st.sampled_from(["yes", "No", "1", ""])
DATES = st.dates().map(str) | st.sampled_from(["2026-02-28 08:30", "2026-02-28T23:59:59.9", ""])


@settings(max_examples=100)
@given(
    rows=st.lists(
        st.tuples(NUMBERS, NUMBERS, LEVELS, LEVELS, WORDS, DATES).map(",".join), max_size=40
    ),
    shuffler=st.randoms(),
    chunk=st.integers(1, 200),
)
def test_neither_the_order_of_rows_nor_the_size_of_blocks_matters(
    rows: list[str], shuffler: Any, chunk: int
) -> None:
    rows = [*rows, "1,2,x,y,yes,2026-01-31"]
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    header = "a,m,b,o,t,d,y\n"
    first, second = (
        header + "".join(f"{row},{i % 2}\n" for i, row in enumerate(each))
        for each in (rows, [rows[i] for i in order])
    )
    one = concatenate(read_blocks(io.BytesIO(first.encode()), KINDS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "CHUNK_BYTES", chunk)
        other = concatenate(read_blocks(io.BytesIO(second.encode()), KINDS))
    spec, again = fitting.fit(one, KINDS), fitting.fit(other, KINDS)
    for column, same in zip(spec.columns, again.columns, strict=True):
        # Sums of floats depend on their order in the last bits.
        scale = abs(column.mean[0]) + max(column.std)
        assert (column.categories, column.outputs) == (same.categories, same.outputs)
        if column.name == "m":
            assert column.fill == pytest.approx(same.fill, rel=0, abs=1e-9 * scale)
        else:
            assert column.fill == same.fill
        np.testing.assert_allclose(column.mean, same.mean, rtol=0, atol=1e-12 * scale)
        np.testing.assert_allclose(column.std, same.std, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_array_equal(apply(spec, other, "float64"), apply(spec, one, "float64")[order])


def test_categories_unseen_in_training_are_counted(tmp_path: Path) -> None:
    # Row 30 of 100 validates with the default seed (a permutation's first 20 do).
    validating = int(np.random.RandomState(42).permutation(100)[0])
    rows = [f"{'new' if i == validating else 'old'},{i % 2}\n" for i in range(100)]
    csv = tmp_path / "table.csv"
    csv.write_text("a,y\n" + "".join(rows))
    content = {"target": "y", "columns": [{"name": "a", "kind": "categorical"}]}
    prepared = prepare(str(csv), content, str(tmp_path), max_unseen=0.05)
    assert prepared.val["unseen"] == {"a": 1}
    with np.load(tmp_path / "val_data.npz") as npz:
        assert sorted(npz["X_val"].ravel()) == [0] * 19 + [1]
    with pytest.raises(InputError) as error:
        prepare(str(csv), content, str(tmp_path), max_unseen=0.04)
    assert str(error.value) == (
        "a must have categories unseen in training in at most 4% of the validation rows "
        "(max_unseen), got 1 of 20; give it `min_frequency` so that rare ones share a code"
    )


def test_a_million_categories(tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,y\n" + "".join(f"id{i},{i % 2}\n" for i in range(1_000_000)))
    content: dict[str, Any] = {"target": "y", "columns": [{"name": "a", "kind": "categorical"}]}
    with pytest.raises(InputError) as error:
        prepare(str(csv), content, str(tmp_path))
    assert str(error.value) == (
        "a must have at most 100000 categories, as ordinal, got 800000; drop it, or give it "
        "`min_frequency` so that the rare ones share a code"
    )
    # With a bucket, the number does not matter; a tenth of the rows shows it sooner.
    csv.write_text("a,y\n" + "".join(f"id{i},{i % 2}\n" for i in range(130_000)))
    content["columns"][0]["min_frequency"] = 2
    prepared = prepare(str(csv), content, str(tmp_path))
    assert prepared.spec["columns"][0]["categories"] == []
    content["columns"][0] |= {"min_frequency": 1, "encoding": "onehot"}
    csv.write_text("a,y\n" + "".join(f"id{i % 1001},{i % 2}\n" for i in range(20_000)))
    with pytest.raises(InputError, match="at most 1000 categories, as onehot, got 1001; drop it"):
        prepare(str(csv), content, str(tmp_path))


def test_a_long_table_gives_each_row_what_it_gets_alone() -> None:
    """Columns of few kinds are looked up together, but only where rows are many."""
    random = np.random.default_rng(0)
    columns = [
        {"name": "whole", "kind": "numeric"},
        {"name": "real", "kind": "numeric"},
        {"name": "many", "kind": "categorical"},
        {"name": "few", "kind": "categorical"},
        {"name": "hot", "kind": "categorical", "encoding": "onehot"},
        {"name": "when", "kind": "datetime"},
        {"name": "wide", "kind": "numeric"},
    ]
    schema = parse_schema({"target": "y", "columns": columns})
    count = 5000
    drawn = [
        random.integers(-3, 4, count),
        random.random(count).round(6),
        random.integers(0, 400, count),
        random.choice(np.array(["a", "b", ""]), count),
        random.choice(np.array(["c", "d"]), count),
        random.choice(np.array(["2026-01-31", "1999-12-31"]), count),
        random.integers(-128, 128, count),
        random.integers(0, 2, count),
    ]
    lines = "".join(",".join(map(str, row)) + "\n" for row in zip(*drawn, strict=True))
    header = "whole,real,many,few,hot,when,wide,y\n"
    long = concatenate(read_blocks(io.BytesIO((header + lines).encode()), schema))
    spec = fitting.fit(long, schema)
    X, y = apply(spec, long), labels(spec, long)
    for row in range(0, count, 97):
        alone = long.take(np.array([row]))
        np.testing.assert_array_equal(apply(spec, alone)[0], X[row])
        assert labels(spec, alone).tolist() == [y[row]]
    rows = random.permutation(count)[:999].astype(np.int32)
    np.testing.assert_array_equal(make_features(spec, long, "float32")(rows), X[rows])


@pytest.mark.parametrize("categories", [65_533, 65_534, 65_535, 65_536, 70_000])
def test_more_categories_than_are_looked_up_together(categories: int) -> None:
    """Together with the one for missing, about as many as 16 bits number."""
    schema = parse_schema({"target": "y", "columns": [{"name": "a", "kind": "categorical"}]})
    codes = np.arange(-1, 80_000, dtype=np.int32) % categories
    names = [f"{i:05}" for i in range(categories)]
    y = Categorical(np.arange(len(codes), dtype=np.int32) % 2, ["0", "1"])
    long = Table(len(codes), {}, {"a": Categorical(codes, names), "y": y})
    spec = fitting.fit(long, schema)
    expected = (codes - spec.columns[0].mean[0]) / spec.columns[0].std[0]
    np.testing.assert_array_equal(apply(spec, long, "float64")[:, 0], expected)

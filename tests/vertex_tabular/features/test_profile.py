"""The profile says of each column what pandas says of it."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from tests.vertex_tabular.joined import concatenate
from vertex_tabular.features import profile
from vertex_tabular.features.profile import profile_of
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables.formats.delimited import read_blocks
from vertex_tabular.tables.table import Categorical, Table

COLUMNS = {"age": "numeric", "class": "numeric", "<port>": "categorical"}
SCHEMA = parse_schema(
    {"target": "y", "columns": [{"name": name, "kind": kind} for name, kind in COLUMNS.items()]}
)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": np.where(random.random(500) < 0.2, np.nan, random.uniform(0, 80, 500).round(1)),
            "class": random.integers(1, 4, 500),
            "<port>": random.choice(np.array(["S", "S & <C>", None], object), 500),
            "y": random.integers(0, 2, 500),
        }
    )


def table(frame: pd.DataFrame) -> Table:
    return concatenate(read_blocks(io.BytesIO(frame.to_csv(index=False).encode()), SCHEMA))


def test_numbers_and_texts(frame: pd.DataFrame) -> None:
    found = profile_of(table(frame))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["rows"], found["sampled"]) == (500, 500)
    for name in ("age", "class"):
        column, expected = found["columns"][name], frame[name]
        assert column["type"] == "number"
        assert column["missing"] == expected.isna().sum()
        assert column["unique"] == expected.nunique()
        assert (column["min"], column["max"]) == (expected.min(), expected.max())
        assert column["mean"] == pytest.approx(expected.mean())
        assert column["quantiles"]["25%"] == pytest.approx(expected.quantile(0.25))
        assert sum(column["histogram"]) == expected.notna().sum()
    port = found["columns"]["<port>"]
    counts = frame["<port>"].value_counts()
    assert (port["type"], port["unique"], port["missing"]) == ("text", 2, 500 - counts.sum())
    assert port["top"] == [[category, count] for category, count in counts.items()]
    assert (port["min"], port["max"]) == (min(counts.index), max(counts.index))


def test_only_texts_that_occur_are_profiled() -> None:
    long = "x" * 21
    texts = Categorical(np.array([1, -1, 2, 2], np.int8), ["a", "b", long])
    found = profile_of(Table(4, {}, {"t": texts}))
    assert found["columns"]["t"] == {
        "type": "text",
        "missing": 1,
        "unique": 2,
        "min": "b",
        "max": long,
        "top": [[long, 2], ["b", 1]],
    }
    none = Categorical(np.array([-1], np.int8), [])
    assert "min" not in profile_of(Table(1, {}, {"t": none}))["columns"]["t"]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([5.0, 5.0], {10: 2}),
        ([1.0, np.nextafter(1, 2), 1.0], {0: 2, 19: 1}),
        ([0.0, 5e-324], {0: 1, 19: 1}),
        ([-1e140, 0.0, 1e140, np.nan], {0: 1, 10: 1, 19: 1}),
        ([0.0, 0.5, 19.9, 20.0], {0: 2, 19: 2}),
    ],
)
def test_histograms_of_a_constant_and_of_extremes(
    numbers: list[float], expected: dict[int, int]
) -> None:
    column = profile_of(Table(len(numbers), {"a": np.array(numbers)}, {}))["columns"]["a"]
    assert {step: rows for step, rows in enumerate(column["histogram"]) if rows} == expected


def test_many_rows_are_sampled(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "SAMPLE", 200)
    found = profile_of(table(frame))
    assert (found["rows"], found["sampled"]) == (500, 167)
    assert found["columns"]["age"]["missing"] == frame["age"].isna().sum()
    assert found["columns"]["age"]["max"] == frame["age"].max()
    assert sum(count for _, count in found["columns"]["class"]["top"]) == 167

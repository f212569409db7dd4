"""What a profile warns of: each kind where it is, and nothing where a table is sound."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vertex_tabular.joined import concatenate
from vertex_tabular.features.alerts import alerts_of
from vertex_tabular.features.profile import profile_of, profile_of_disk_table, sample_of
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Categorical, Table

ROWS = 600


def texts(values: Any) -> Categorical:
    known, codes = np.unique(np.asarray(values, object).astype(str), return_inverse=True)
    empty = {str(i): -1 for i, name in enumerate(known) if name == ""}
    codes = np.array([empty.get(str(code), code) for code in codes], np.int32)
    return Categorical(codes, [str(name) for name in known])


def schema_of(task: str, **kinds: str) -> Schema:
    columns = [{"name": name, "kind": kind} for name, kind in kinds.items()]
    return parse_schema({"target": "y", "task": task, "columns": columns})


def alerts(table: Table, schema: Schema) -> list[tuple[str, ...]]:
    found = alerts_of(profile_of(table), sample_of(table), schema)
    return [(alert["kind"], *alert["columns"]) for alert in found]


def made(task: str, random: np.random.Generator) -> tuple[Table, Schema]:
    """A sound table: x says something of the target, and all else is noise."""
    x = random.normal(size=ROWS)
    score = x + random.normal(size=ROWS)
    city = random.choice(["Oslo", "Lima", ""], ROWS)
    numbers: dict[str, Any] = {"x": x, "count": random.integers(0, 9, ROWS).astype(np.int8)}
    categories = {
        "city": texts(city),
        "day": texts([f"2020-01-01 00:{i // 60}" for i in range(ROWS)]),
    }
    if task == "regression":
        numbers["y"] = score
    else:
        categories["y"] = texts(np.digitize(score, [0] if task == "binary" else [-1, 0, 1]))
    kinds = {"x": "numeric", "count": "numeric", "city": "categorical", "day": "datetime"}
    return Table(ROWS, numbers, categories), schema_of(task, **kinds)


@given(st.sampled_from(["binary", "multiclass", "regression"]), st.integers(0, 99))
def test_a_sound_table_has_no_alerts(task: str, seed: int) -> None:
    table, schema = made(task, np.random.default_rng(seed))
    assert alerts(table, schema) == []


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("on_disk", [False, True])
def test_every_kind_is_found(task: str, on_disk: bool) -> None:
    random = np.random.default_rng(0)
    sound, _ = made(task, random)
    target = sound.texts["y"].codes if task != "regression" else sound.numbers["y"]
    names = {
        "price_in_cents": "numeric",
        "answer": "categorical",
        "empty": "categorical",
        "one": "numeric",
        "id": "numeric",
        "key": "categorical",
        "rare": "numeric",
        "copy": "numeric",
        "city2": "categorical",
        "x": "numeric",
        "count": "numeric",
        "city": "categorical",
        "day": "datetime",
    }
    numbers = {
        **sound.numbers,
        "price_in_cents": target * 100.0 + random.uniform(0, 0.01, ROWS),
        "one": np.full(ROWS, 7, np.int8),
        "id": random.permutation(ROWS) + 535_000_000.0,
        "rare": np.where(random.random(ROWS) < 0.9, np.nan, random.normal(size=ROWS)),
        "copy": sound.numbers["x"].copy(),
    }
    categories = {
        **sound.texts,
        "answer": texts(
            [f"is {code}" for code in (target if task != "regression" else [0] * ROWS)]
        ),
        "empty": texts([""] * ROWS),
        "key": texts([f"k{i}" for i in random.permutation(ROWS)]),
        "city2": sound.texts["city"],
    }
    table, schema = Table(ROWS, numbers, categories), schema_of(task, **names)
    expected = {
        ("leak", "price_in_cents"),
        ("constant", "one"),
        ("constant", "empty"),
        ("id", "id"),
        ("id", "key"),
        ("missing", "rare"),
        ("duplicate", "copy", "x"),
        ("duplicate", "city2", "city"),
        ("constant" if task == "regression" else "leak", "answer"),
    }
    if on_disk:
        disk = DiskTable()
        for start in range(0, ROWS, 250):
            disk.append(table.take(np.arange(start, min(start + 250, ROWS))))
        profile, sample = profile_of_disk_table(disk), sample_of(disk)
        found = alerts_of(profile, sample, schema)
        assert {(alert["kind"], *alert["columns"]) for alert in found} == expected
        assert sample.rows == ROWS
        whole = concatenate(list(disk.blocks()))
        np.testing.assert_array_equal(sample.numbers["x"], whole.numbers["x"])
    else:
        assert set(alerts(table, schema)) == expected


def test_a_column_that_is_missing_where_the_target_is_no_leaks() -> None:
    random = np.random.default_rng(1)
    y = random.random(ROWS) < 0.4
    boat = np.where(y, random.integers(1, 20, ROWS), np.nan)
    table = Table(ROWS, {"boat": boat}, {"y": texts(y)})
    kinds = [each[:2] for each in alerts(table, schema_of("binary", boat="numeric"))]
    assert ("leak", "boat") in kinds


def test_one_odd_price_is_no_leak() -> None:
    """A category whose rows have nearly all of the squared error says little of the others."""
    random = np.random.default_rng(2)
    city, price = random.choice(["a", "b"], ROWS).astype(object), random.normal(200, 30, ROWS)
    city[:12], price[:12] = "odd", 1e7
    table = Table(ROWS, {"y": price}, {"city": texts(city)})
    assert alerts(table, schema_of("regression", city="categorical")) == []


@pytest.mark.parametrize("rows", [2, 3, 8])
def test_few_rows_say_nothing(rows: int) -> None:
    numbers = {"x": np.arange(rows, dtype=np.float64)}
    table = Table(rows, numbers, {"y": texts([i % 2 for i in range(rows)])})
    assert alerts(table, schema_of("binary", x="numeric")) == []


def test_a_target_without_values_is_passed_over() -> None:
    table = Table(3, {"x": np.arange(3.0), "y": np.full(3, np.nan)}, {})
    assert alerts(table, schema_of("regression", x="numeric")) == []

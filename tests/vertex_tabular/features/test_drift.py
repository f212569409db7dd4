"""Drift is said where there is some, and not where rows are only few."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vertex_tabular.features import drift, fitting
from vertex_tabular.features.bins import Bins
from vertex_tabular.features.drift import BinCounts, Drift
from vertex_tabular.features.spec import Feature, Spec, load_spec, save_spec
from vertex_tabular.prediction.rows import table_of
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.table import Table

COLUMNS = {
    "size": "numeric",
    "town": "categorical",
    "new": "boolean",
    "sold": "datetime",
}
SCHEMA: Schema = parse_schema(
    {
        "target": "y",
        "columns": [
            {"name": name, "kind": kind, **({"parts": ["month"]} if kind == "datetime" else {})}
            for name, kind in COLUMNS.items()
        ],
    }
)
ROWS = 3000


def frame(rows: int, seed: int, **changed: Any) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    columns = {
        "size": np.where(random.random(rows) < 0.1, np.nan, random.normal(50, 12, rows)),
        "town": random.choice([f"town{i}" for i in range(30)], rows),
        "new": random.choice(["yes", "no"], rows),
        "sold": [f"2026-{1 + month:02}-03" for month in random.integers(0, 12, rows)],
        "y": random.integers(0, 2, rows).astype(str),
    }
    return pd.DataFrame({**columns, **changed})


def fit(table: pd.DataFrame) -> Spec:
    """The spec of a table; `table_of` reads by a spec, here one that has only names and kinds."""
    fields = [Feature(c.name, c.kind, "", [], 0.0, [], [], []) for c in SCHEMA.columns]
    target = Feature("y", "categorical", "", [], "", [], [], [])
    names = Spec("binary", "none", ["0", "1"], [*fields, target])
    return fitting.fit(table_of(names, table), SCHEMA)


@pytest.fixture(scope="module")
def spec() -> Spec:
    return fit(frame(ROWS, 0))


def drifts(spec: Spec, *tables: pd.DataFrame) -> dict[str, Drift]:
    counts = BinCounts()
    for table in tables:
        counts += drift.bin_counts(spec, table_of(spec, table))
    return {found.name: found for found in drift.drift(spec, counts)}


def drifted(found: dict[str, Drift]) -> list[str]:
    return [name for name, column in found.items() if column.drifted]


def test_the_bins_hold_the_training_rows(spec: Spec) -> None:
    table = frame(ROWS, 0)
    size, town, new, sold = (feature.bins[0] for feature in spec.columns)
    assert [sum(bins.rows) for bins in (size, town, new, sold)] == [ROWS] * 4
    expected = pd.cut(table["size"], [-np.inf, *size.edges, np.inf]).value_counts(sort=False)
    assert size.rows == [*expected, table["size"].isna().sum()]
    assert max(size.rows[:-1]) <= min(size.rows[:-1]) + 1  # deciles
    counts = table["town"].value_counts()
    assert dict(zip(town.categories, town.rows, strict=False)) == counts[town.categories].to_dict()
    assert town.rows[20:] == [counts.drop(town.categories).sum(), 0]
    assert dict(zip(new.categories, new.rows, strict=False)) == {
        "true": (table["new"] == "yes").sum(),
        "false": (table["new"] == "no").sum(),
    }
    assert sold.name == "sold.month" and sold.edges[-1] <= 12
    for bins in (size, town, new, sold):
        assert len(bins.labels) == len(bins.rows)


def test_the_same_rows_have_no_drift_and_blocks_add_up(spec: Spec) -> None:
    table = frame(ROWS, 0)
    whole, parts = drifts(spec, table), drifts(spec, table[:7], table[7:1000], table[1000:])
    assert whole == parts
    assert all(column.psi == 0 for column in whole.values())
    assert all(column.new == column.trained for column in whole.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": lambda t: t["size"] + 12}, ["size"]),
        ({"size": lambda t: t["size"].mask(t.index % 2 == 0)}, ["size"]),
        ({"town": lambda t: t["town"].where(t.index % 2 == 0, "Lima")}, ["town"]),
        ({"new": lambda t: t["new"].map({"yes": "TRUE", "no": "0"})}, []),  # the same meaning
        ({"new": lambda t: "yes"}, ["new"]),
        ({"sold": lambda t: t["sold"].str.replace(r"-\d\d-", "-12-", regex=True)}, ["sold.month"]),
        ({}, []),
    ],
)
def test_what_has_drifted(spec: Spec, change: dict[str, Any], said: list[str]) -> None:
    assert drifted(drifts(spec, frame(2000, 1).assign(**change))) == said


def test_few_rows_are_not_drift(spec: Spec) -> None:
    assert not any(drifted(drifts(spec, frame(rows, rows))) for rows in range(1, 100))
    assert any(drifts(spec, frame(20, 1))[name].psi > drift.PSI_MAJOR for name in ("size", "town"))


def test_the_index_is_the_formulas() -> None:
    trained, new = np.array([300.0, 500, 200]), np.array([100.0, 200, 700])
    e, a = (trained + 0.5) / 1001.5, (new + 0.5) / 1001.5
    assert drift.psi(trained, new) == pytest.approx(stats.entropy(a, e) + stats.entropy(e, a))
    assert np.isfinite(drift.psi(np.array([10.0, 0]), np.array([0, 10.0])))


@pytest.mark.parametrize("count", [2, 5, 12, 22])
def test_the_bound_is_that_of_chi_squared(count: int) -> None:
    rows = np.full(count, 100.0)
    expected = stats.chi2.ppf(0.999, count - 1) * 2 / rows.sum()
    assert drift.critical_value(rows, rows) == pytest.approx(expected, rel=0.04)


def test_a_shift_of_half_a_standard_deviation_is_the_limit() -> None:
    normal = np.random.default_rng(0).normal(size=100_000)
    bins = Bins("x", np.quantile(normal, np.arange(1, 50) / 50).tolist(), [], [])
    trained, new = (bins.count_numbers(values).astype(float) for values in (normal, normal + 0.5))
    assert drift.psi(trained, new) == pytest.approx(drift.PSI_MAJOR, rel=0.05)


def test_narrow_columns_are_compared_exactly() -> None:
    """Blocks hold numbers as float32 or int8 where these are exact; the edges are float64."""
    bins = Bins("x", [0.1, 3.0], [], [])
    values = np.array([np.float32(0.1), 3, 4, np.nan])  # the first is a little above 0.1
    for dtype in (np.float32, np.float64):
        assert bins.count_numbers(values.astype(dtype)).tolist() == [0, 2, 1, 1]
    assert bins.count_numbers(np.array([-1, 3, 4], np.int8)).tolist() == [1, 1, 1, 0]


def test_a_column_of_one_value_or_none(tmp_path: Path) -> None:
    table = frame(50, 0, size=3.0, town="Oslo")
    found = drifts(fit(table), frame(50, 0, size=4.0, town=""))
    assert set(drifted(found)) == {"size", "town"}
    assert found["size"].labels == ["up to 3", "above 3", "(missing)"]
    empty = Table(3, {"size": np.full(3, np.nan)}, {})
    schema = parse_schema(
        {"target": "y", "columns": [{"name": "size", "kind": "numeric", "impute": 0}]}
    )
    numbers = fitting.fit(
        Table(3, {**empty.numbers, "y": np.arange(3.0)}, {}), replace(schema, task="regression")
    )
    assert numbers.columns[0].bins == [Bins("size", [], [], [0, 3])]
    assert numbers.columns[0].bins[0].labels == ["any", "(missing)"]


def test_an_older_spec_has_no_drift_to_tell(spec: Spec, tmp_path: Path) -> None:
    save_spec(spec, tmp_path / "spec.json")
    assert load_spec(tmp_path / "spec.json") == spec
    content = json.loads((tmp_path / "spec.json").read_text())
    for column in content["columns"]:
        del column["bins"]
    (tmp_path / "spec.json").write_text(json.dumps(content))
    older = load_spec(tmp_path / "spec.json")
    assert drifts(older, frame(100, 0, new="yes")) == {}

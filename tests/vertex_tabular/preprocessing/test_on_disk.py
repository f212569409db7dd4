"""A long table becomes shards: the same spec and the same rows as in memory, in another order."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trainer import contract
from trainer.errors import InputError
from vertex_tabular.features.profile import profile_of_disk_table
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Table

COLUMNS = [
    {"name": "age", "kind": "numeric"},
    {"name": "paid", "kind": "numeric", "impute": "mean"},
    {"name": "class", "kind": "numeric", "impute": 7},
    {"name": "port", "kind": "categorical", "min_frequency": 30},
    {"name": "deck", "kind": "categorical", "encoding": "onehot", "impute": "none"},
    {"name": "alone", "kind": "boolean"},
    {"name": "day", "kind": "datetime", "parts": ["month", "weekday"]},
]
SCHEMA = {"target": "y", "columns": COLUMNS}


def write(path: Path, rows: int) -> Path:
    """Writes a table of all kinds of columns, as three parts."""
    random = np.random.default_rng(0)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 400, rows), "D")
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(rows) < 0.2, np.nan, random.normal(1e6, 1, rows)),
            "paid": np.where(random.random(rows) < 0.1, np.nan, random.exponential(30, rows)),
            "class": random.integers(-3, 4, rows),
            "port": random.choice(
                np.array(["S", "C", "Q", None], object), rows, p=[0.6, 0.3, 0.01, 0.09]
            ),
            "deck": random.choice(np.array(["A", "B", None], object), rows),
            "alone": random.choice(["yes", "no"], rows),
            "day": days.strftime("%Y-%m-%d"),
            "group": random.integers(0, 60, rows),
            "y": random.choice(["no", "yes"], rows, p=[0.9, 0.1]),
        }
    )
    path.mkdir()
    third = -(-rows // 3)
    for part in range(3):
        frame[part * third : (part + 1) * third].to_csv(path / f"{part}.csv", index=False)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("table") / "parts", 2000)


def rows_of(directory: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """All rows of a split, X and y, whichever form they have."""
    paths = sorted((directory / f"{split}_shards").glob(f"{split}-*.npz"))
    x, y = [], []
    for path in paths or [directory / f"{split}_data.npz"]:
        with np.load(path, allow_pickle=False) as npz:
            x.append(npz[f"X_{split}"])
            y.append(npz[f"y_{split}"])
    return np.concatenate(x), np.concatenate(y)


def numbers_in(content: Any) -> list[float]:
    return [n for column in content["columns"] for n in [*column["mean"], *column["std"]]]


def test_learns_the_spec_that_a_table_in_memory_gives(table: Path, tmp_path: Path) -> None:
    whole = prepare(str(table), SCHEMA, str(tmp_path / "whole"), fit_on="all", dtype="float64")
    parts = prepare(
        str(table), SCHEMA, str(tmp_path / "shards"), fit_on="all", dtype="float64", shard_rows=300
    )
    assert parts.sharded and not whole.sharded
    assert numbers_in(parts.spec) == pytest.approx(numbers_in(whole.spec), rel=1e-12)
    for ours, theirs in zip(parts.spec["columns"], whole.spec["columns"], strict=True):
        assert {**ours, "mean": 0, "std": 0} == {
            **theirs,
            "mean": 0,
            "std": 0,
            "fill": pytest.approx(theirs["fill"], rel=1e-14)
            if ours["kind"] == "numeric"
            else theirs["fill"],
        }
    profiles = [
        json.loads((tmp_path / d / contract.PROFILE).read_text()) for d in ("whole", "shards")
    ]
    means = [[c.pop("mean", 0) for c in profile["columns"].values()] for profile in profiles]
    assert means[1] == pytest.approx(means[0], rel=1e-12)
    assert profiles[0] == profiles[1]


@pytest.mark.parametrize("how", ["random", "stratified", {"group": "group"}, {"time": "day"}])
def test_each_row_is_written_once(how: object, table: Path, tmp_path: Path) -> None:
    content = {**SCHEMA, "split": how}
    sizes: dict[str, Any] = {"fit_on": "all", "dtype": "float64", "test_size": 0.1}
    prepare(str(table), content, str(tmp_path / "whole"), **sizes)
    prepare(str(table), content, str(tmp_path / "shards"), **sizes, shard_rows=300)
    whole, shards = (
        {split: rows_of(tmp_path / name, split) for split in ("train", "val", "test")}
        for name in ("whole", "shards")
    )
    if isinstance(how, dict) and "group" in how:
        for split, share in (("train", 0.7), ("val", 0.2), ("test", 0.1)):
            assert len(shards[split][1]) == pytest.approx(2000 * share, abs=250)
    else:
        for split in whole:
            assert len(shards[split][1]) == len(whole[split][1])
    if how == "stratified":
        for split in whole:
            np.testing.assert_array_equal(
                np.bincount(shards[split][1]), np.bincount(whole[split][1])
            )
    splits = (
        [["train"], ["val"], ["test"]] if how == {"time": "day"} else [["train", "val", "test"]]
    )
    for together in splits:
        pools = [
            np.concatenate([np.column_stack(found[split]) for split in together])
            for found in (whole, shards)
        ]
        ordered = [pool[np.lexsort(pool.T.round(6))] for pool in pools]
        np.testing.assert_allclose(ordered[0], ordered[1], rtol=1e-9, atol=1e-9)


def test_a_row_s_split_depends_on_the_seed_and_its_number_alone(
    table: Path, tmp_path: Path
) -> None:
    def splits(name: str, **arguments: Any) -> set[bytes]:
        prepare(
            str(table), SCHEMA, str(tmp_path / name), fit_on="all", dtype="float64", **arguments
        )
        return {row.tobytes() for row in rows_of(tmp_path / name, "val")[0]}

    first = splits("first", shard_rows=300)
    assert splits("second", shard_rows=1999) == first
    assert 0.1 < len(first & splits("third", shard_rows=300, split_seed=43)) / len(first) < 0.3


def test_fits_on_the_training_rows_alone_by_default(table: Path, tmp_path: Path) -> None:
    prepare(str(table), SCHEMA, str(tmp_path), dtype="float64", shard_rows=300)
    x = rows_of(tmp_path, "train")[0]
    assert np.abs(x[:, 0].mean()) < 1e-9
    assert x[:, 0].std() == pytest.approx(1, rel=1e-9)
    assert np.abs(rows_of(tmp_path, "val")[0][:, 0].mean()) > 1e-4


def test_shards_are_of_about_equal_length_and_listed(table: Path, tmp_path: Path) -> None:
    prepared = prepare(str(table), SCHEMA, str(tmp_path), shard_rows=300)
    assert (prepared.train["rows"], prepared.train["shards"]) == (1600, 6)
    assert (prepared.val["rows"], prepared.val["shards"]) == (400, 2)
    names = contract.check_manifest(tmp_path / "train_shards")
    assert names == [f"train-0000{i}.npz" for i in range(6)]
    lengths = [len(np.load(tmp_path / "train_shards" / name)["y_train"]) for name in names]
    assert max(lengths) <= 300 and min(lengths) > 260
    # A second run leaves nothing of the first, whichever form either has.
    prepare(str(table), SCHEMA, str(tmp_path), shard_rows=1000)
    assert len(list((tmp_path / "train_shards").glob("*.npz"))) == 2
    prepare(str(table), SCHEMA, str(tmp_path))
    assert not list((tmp_path / "train_shards").iterdir())


def test_what_is_wrong_is_said_and_nothing_is_left(table: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    lines = (table / "1.csv").read_text().splitlines()
    broken.write_text("\n".join([*lines[:600], lines[600].replace(",", "x,", 1), ""]))
    with pytest.raises(InputError, match=r"age must be a number, got .*x.* \(line 601\)"):
        prepare(str(broken), SCHEMA, str(tmp_path / "out"), shard_rows=300)
    old = [*COLUMNS[:1], {"name": "class", "kind": "numeric", "max": 2}]
    with pytest.raises(InputError, match="class must be at most 2"):
        prepare(str(table), {"target": "y", "columns": old}, str(tmp_path / "out"), shard_rows=300)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="shard_rows must be a whole number of at least 0"):
        prepare(str(table), SCHEMA, str(tmp_path / "out"), shard_rows=-1)


def test_the_profile_holds_few_rows_at_a_time() -> None:
    table = DiskTable()
    for number in range(40):
        table.append(Table(50_000, {"n": np.full(50_000, number + 0.5)}, {}))
    tracemalloc.start()
    profile = profile_of_disk_table(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert profile["columns"]["n"]["unique"] == 40
    assert peak < 5 * 50_000 * 8  # blocks; the column has 40

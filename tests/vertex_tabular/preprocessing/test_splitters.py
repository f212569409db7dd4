"""Who trains, who validates, and who is held out."""

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from tests.vertex_tabular.joined import concatenate
from trainer import contract
from trainer.errors import InputError
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.preprocessing.splitters import make_splitter
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables.formats.delimited import read_blocks

ROWS = 1000
FEATURE = {"name": "a", "kind": "numeric"}


def split(
    how: object, val_size: float = 0.2, test_size: float = 0.1, seed: int = 42
) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """The rows of each split of a made-up table, and its columns."""
    random = np.random.default_rng(0)
    day, family = random.integers(1, 29, ROWS), random.integers(0, 300, ROWS)
    y = (random.random(ROWS) < 0.1).astype(int)
    lines = "".join(
        f"{i},2026-02-{day[i]:02},f{family[i]},{family[i]},{y[i]}\n" for i in range(ROWS)
    )
    schema = parse_schema({"target": "y", "columns": [FEATURE], "split": how})
    read = read_blocks(io.BytesIO(f"a,day,family,number,y\n{lines}".encode()), schema)
    config = PrepareConfig(val_size=val_size, test_size=test_size, split_seed=seed)
    splits = make_splitter(schema, config).split(concatenate(read))
    assert sorted(np.concatenate(splits)) == list(range(ROWS))
    return list(splits), {"day": day, "family": family, "y": y}


def test_random_is_train_test_split() -> None:
    for seed in (0, 42):
        (train, val, test), _ = split("random", test_size=0, seed=seed)
        expected = train_test_split(np.arange(ROWS), test_size=0.2, random_state=seed)
        np.testing.assert_array_equal(train, expected[0])
        np.testing.assert_array_equal(val, expected[1])
        assert not len(test)


def test_a_holdout_does_not_move_the_validation_rows() -> None:
    (_, without, _), _ = split("random", test_size=0)
    (train, val, test), _ = split("random")
    np.testing.assert_array_equal(val, without)
    assert (len(train), len(test)) == (700, 100)


def test_stratified_keeps_the_shares_of_the_classes() -> None:
    splits, columns = split("stratified")
    share = columns["y"].mean()
    for rows, size in zip(splits, (700, 200, 100), strict=True):
        assert abs(len(rows) - size) <= 2
        assert abs(columns["y"][rows].sum() - share * len(rows)) <= 1.5


@pytest.mark.parametrize("column", ["family", "number"])
def test_no_group_is_in_two_splits(column: str) -> None:
    splits, columns = split({"group": column})
    groups = [set(columns["family"][rows]) for rows in splits]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    for rows, size in zip(splits, (700, 200, 100), strict=True):
        assert abs(len(rows) - size) < 20


@pytest.mark.parametrize("test_size", [0, 0.1])
def test_what_validates_is_later_than_what_trains(test_size: float) -> None:
    (train, val, test), columns = split({"time": "day"}, test_size=test_size)
    day = columns["day"]
    assert day[train].max() < day[val].min()
    assert 0.15 * ROWS < len(val) < 0.25 * ROWS
    if test_size:
        assert day[val].max() < day[test].min()


def test_time_may_be_a_feature_that_is_a_number() -> None:
    (train, val, test), _ = split({"time": "a"})
    assert (train.max(), val.min(), val.max(), test.min()) == (699, 700, 899, 900)


def test_the_seed_decides() -> None:
    for how in ("random", "stratified", {"group": "family"}):
        first, again, other = (split(how, seed=seed)[0][1] for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert set(first) != set(other)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("by hand", "split must be random, stratified, {group: COLUMN} or {time: COLUMN}, "),
        ({"group": "y"}, "split must not be by the target, got y"),
        ({"time": "b"}, "split by time needs a datetime or numeric column, got boolean b"),
    ],
)
def test_bad_split(how: object, problem: str) -> None:
    columns = [FEATURE, {"name": "b", "kind": "boolean"}]
    with pytest.raises(InputError) as error:
        parse_schema({"target": "y", "columns": columns, "split": how})
    assert str(error.value).startswith(problem)


def test_a_group_must_be_known(tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,g,y\n1,x,0\n2,,1\n")
    schema: Mapping[str, Any] = {"target": "y", "columns": [FEATURE], "split": {"group": "g"}}
    with pytest.raises(InputError) as error:
        prepare(str(csv), schema, str(tmp_path))
    assert str(error.value) == ("split column g must not be missing, got '' (line 3); fill it in")


def test_one_group_cannot_be_split(tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,g,y\n1,x,0\n2,x,1\n")
    schema: Mapping[str, Any] = {"target": "y", "columns": [FEATURE], "split": {"group": "g"}}
    with pytest.raises(InputError, match="got 0 training, 2 validation rows of 2"):
        prepare(str(csv), schema, str(tmp_path))


def test_held_out_rows_have_their_own_file(tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(50)))
    content = {"target": "y", "columns": [FEATURE]}
    prepared = prepare(str(csv), content, str(tmp_path), test_size=0.1)
    assert prepared.test is not None
    assert (prepared.train["rows"], prepared.val["rows"], prepared.test["rows"]) == (35, 10, 5)
    with np.load(tmp_path / contract.TEST_DATA) as npz:
        assert npz["X_test"].shape == (5, 1)
        assert npz["y_test"].shape == (5,)
    assert prepare(str(csv), content, str(tmp_path)).test is None
    assert not (tmp_path / contract.TEST_DATA).exists()  # it would be another split's


def rare(path: Path, how: object, rows: int = 40, labels: str = "no,yes") -> dict[str, object]:
    """A table in which one row, the sixth, has the second label; and its schema."""
    most, one = labels.split(",")
    lines = [
        f"{i},g{i // 2},2026-01-{i % 28 + 1:02},{one if i == 5 else most}\n" for i in range(rows)
    ]
    path.write_text("a,g,d,y\n" + "".join(lines))
    return {"target": "y", "columns": [FEATURE], "split": how}


@pytest.mark.parametrize("shard_rows", [0, 10])
@pytest.mark.parametrize("test_size", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(8))
def test_a_class_of_one_row_trains(
    seed: int, test_size: float, shard_rows: int, tmp_path: Path
) -> None:
    csv = tmp_path / "t.csv"
    for how in ("stratified", "random"):
        schema = rare(csv, how)
        options: dict[str, Any] = {
            "split_seed": seed,
            "test_size": test_size,
            "shard_rows": shard_rows,
        }
        if how == "random" and shard_rows:  # too long to be put right: as it falls, or refused
            with contextlib.suppress(InputError):
                prepare(str(csv), schema, str(tmp_path / "out"), **options)
            continue
        prepared = prepare(str(csv), schema, str(tmp_path / "out"), **options)
        splits = [prepared.train, prepared.val, *([prepared.test] if prepared.test else [])]
        assert sum(each["rows"] for each in splits) == 40
        if not shard_rows:
            with np.load(tmp_path / "out" / contract.TRAIN_DATA) as arrays:
                assert set(arrays["y_train"].tolist()) == {0, 1}


def test_a_random_split_moves_no_more_rows_than_it_must() -> None:
    labels = ["a"] * 50 + ["b"] * 49 + ["c"]
    schema = parse_schema({"target": "y", "task": "multiclass", "columns": [FEATURE]})
    lines = "".join(f"{i},{label}\n" for i, label in enumerate(labels))
    table = concatenate(read_blocks(io.BytesIO(f"a,y\n{lines}".encode()), schema))
    moved = 0
    for seed in range(20):
        config = PrepareConfig(split_seed=seed)
        train, val, _ = make_splitter(schema, config).split(table)
        assert sorted([*train, *val]) == list(range(100)) and len(val) == 20
        assert 99 in train
        expected = train_test_split(np.arange(100), test_size=0.2, random_state=seed)
        moved += int(not np.array_equal(val, expected[1]))
        assert np.count_nonzero(val != expected[1]) <= 1
    assert 0 < moved < 20


@pytest.mark.parametrize("how", [{"group": "g"}, {"time": "d"}])
@pytest.mark.parametrize("shard_rows", [0, 10])
def test_a_class_without_a_training_row_is_refused_by_name(
    how: object, shard_rows: int, tmp_path: Path
) -> None:
    csv = tmp_path / "t.csv"
    refused = 0
    for seed in range(12):
        schema = rare(csv, how)
        if how == {"time": "d"}:  # the latest rows validate
            csv.write_text(csv.read_text().replace("2026-01-06,yes", "2027-01-06,yes"))
        options: dict[str, Any] = {"split_seed": seed, "shard_rows": shard_rows}
        out = tmp_path / str(seed)
        try:
            prepare(str(csv), schema, str(out), **options)
        except InputError as error:
            refused += 1
            assert str(error) == (
                "each class of y must have a training row, got none of 'yes'; "
                "`split: stratified` keeps one of each"
            )
            assert not out.exists()
    assert refused == 12 if how == {"time": "d"} else 0 < refused < 12

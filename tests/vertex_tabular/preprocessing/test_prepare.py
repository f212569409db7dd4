"""A table becomes arrays: the reference notebook's, bit for bit; on failure, no output."""

import csv as csv_module
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

from trainer import contract
from trainer.errors import InputError
from vertex_tabular.features.spec import Feature, load_spec
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema.values import MISSING

NAMES = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
TITANIC = {
    "target": "Survived",
    "columns": [
        {"name": "Pclass", "kind": "numeric"},
        {"name": "Sex", "kind": "categorical"},
        {"name": "Age", "kind": "numeric"},
        {"name": "SibSp", "kind": "numeric"},
        {"name": "Parch", "kind": "numeric"},
        {"name": "Fare", "kind": "numeric"},
        {"name": "Embarked", "kind": "categorical"},
    ],
}
SIZES = "val_size and test_size must be below 1 together"
SEED = "a whole number from 0 to 2**32 - 1"
NO_ROWS = "each split must have rows"
SMALL = {
    "target": "y",
    "columns": [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "categorical"}],
}


def passengers(path: Path, rows: int, seed: int = 0) -> Path:
    """Writes a table with the Titanic's columns, quirks included."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(rows),
            "Survived": rng.integers(0, 2, rows),
            "Pclass": rng.integers(1, 4, rows),
            "Name": ['Doe, Mr. John "Jack"', "Roe,\nMiss Jane"] * (rows // 2)
            + ["Poe"] * (rows % 2),
            "Sex": rng.choice(["male", "female"], rows),
            "Age": np.where(rng.random(rows) < 0.2, np.nan, rng.uniform(0, 80, rows).round(2)),
            "SibSp": rng.integers(0, 9, rows),
            "Parch": rng.integers(0, 7, rows),
            "Fare": np.where(rng.random(rows) < 0.1, np.nan, rng.uniform(0, 500, rows).round(4)),
            "Embarked": rng.choice(np.array(["S", "S", "C", "Q", None], object), rows),
        }
    )
    frame.to_csv(path, index=False)
    return path


def notebook(csv: Path) -> dict[str, np.ndarray]:
    """The reference notebook's arrays, by the reference notebook's own code."""
    df = pd.read_csv(csv)
    df["Sex"] = LabelEncoder().fit_transform(df["Sex"])
    df["Embarked"] = df["Embarked"].fillna("S")
    df["Embarked"] = LabelEncoder().fit_transform(df["Embarked"])
    df["Age"] = df["Age"].fillna(df["Age"].median())
    df["Fare"] = df["Fare"].fillna(df["Fare"].median())
    X = df[NAMES].values
    X = StandardScaler().fit_transform(X)
    split = train_test_split(X, df["Survived"].values, test_size=0.2, random_state=42)
    return dict(zip(("X_train", "X_val", "y_train", "y_val"), split, strict=True))


def arrays(directory: Path) -> dict[str, np.ndarray]:
    """Everything in the two npz files."""
    found: dict[str, np.ndarray] = {}
    for name in (contract.TRAIN_DATA, contract.VAL_DATA):
        with np.load(directory / name, allow_pickle=False) as npz:
            found |= dict(npz)
    return found


def same_bits(csv: Path, directory: Path) -> bool:
    prepare(str(csv), TITANIC, str(directory), fit_on="all", dtype="float64")
    ours, theirs = arrays(directory), notebook(csv)
    return ours.keys() == theirs.keys() and all(
        ours[key].dtype == theirs[key].dtype
        and ours[key].tobytes() == np.ascontiguousarray(theirs[key]).tobytes()
        for key in theirs
    )


def test_reproduces_the_notebook_bit_for_bit(titanic: Path, tmp_path: Path) -> None:
    assert same_bits(titanic, tmp_path)


@pytest.mark.parametrize("rows", [10, 713, 150_001])  # the last in several blocks
def test_reproduces_the_notebook_on_generated_rows(rows: int, tmp_path: Path) -> None:
    assert same_bits(passengers(tmp_path / "table.csv", rows), tmp_path)


def test_fits_on_the_training_rows_alone_by_default(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 1000)
    prepared = prepare(str(csv), TITANIC, str(tmp_path), dtype="float64")
    assert np.abs(arrays(tmp_path)["X_train"].mean(axis=0)).max() < 1e-12
    assert np.abs(arrays(tmp_path)["X_val"].mean(axis=0)).max() > 1e-3

    train, _ = train_test_split(pd.read_csv(csv), test_size=0.2, random_state=42)
    age = load_spec(tmp_path / contract.SPEC).columns[2]
    filled = train["Age"].fillna(train["Age"].median())
    assert age.fill == train["Age"].median()
    assert age.mean == pytest.approx([filled.mean()], rel=1e-14)
    assert age.std == pytest.approx([filled.std(ddof=0)], rel=1e-14)
    assert prepared.spec["features"] == NAMES


def test_says_what_it_wrote(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    prepared = prepare(str(csv), TITANIC, str(tmp_path), split_seed=7)
    sha256 = contract.sha256_of(tmp_path / contract.TRAIN_DATA)
    assert prepared.train == {"rows": 80, "features": 7, "dtype": "float32", "sha256": sha256}
    assert prepared.val["rows"] == 20
    found = arrays(tmp_path)
    assert found["X_train"].shape == (80, 7)
    assert found["X_train"].dtype == np.float32
    assert found["X_train"].flags.c_contiguous
    assert found["y_val"].dtype == np.int8
    assert prepared.spec["classes"] == ["0", "1"]


def test_float32_arrays_are_the_float64_ones_rounded_once(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 3000)
    prepare(str(csv), TITANIC, str(tmp_path / "narrow"))
    prepare(str(csv), TITANIC, str(tmp_path / "wide"), dtype="float64")
    narrow, wide = arrays(tmp_path / "narrow"), arrays(tmp_path / "wide")
    np.testing.assert_array_equal(narrow["X_train"], wide["X_train"].astype(np.float32))
    np.testing.assert_array_equal(narrow["y_train"], wide["y_train"])


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    first = prepare(str(csv), TITANIC, str(tmp_path / "first"))
    assert prepare(str(csv), TITANIC, str(tmp_path / "second")) == first


def test_needs_neither_the_order_of_the_columns_nor_only_them(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 50)
    frame = pd.read_csv(csv)
    frame[sorted(frame.columns)].assign(Extra="x").to_csv(tmp_path / "other.csv", index=False)
    first = prepare(str(csv), TITANIC, str(tmp_path / "first"))
    assert prepare(str(tmp_path / "other.csv"), TITANIC, str(tmp_path / "second")) == first


@pytest.mark.parametrize(
    ("task", "target", "classes", "y"),
    [
        ("binary", ["no", "yes", "no", "yes"], ["no", "yes"], [0, 1, 0, 1]),
        ("binary", ["10", "9", "9", "10"], ["9", "10"], [1, 0, 0, 1]),
        ("multiclass", ["2.0", "10", "2", "1e1"], ["10", "1e1", "2", "2.0"], [3, 0, 2, 1]),
        ("multiclass", ["b", "a", "c", "a"], ["a", "b", "c"], [1, 0, 2, 0]),
        ("regression", ["0.5", "1", "-2", "7"], None, [0.5, 1, -2, 7]),
    ],
)
def test_target(
    task: str, target: list[str], classes: list[Any] | None, y: list[float], tmp_path: Path
) -> None:
    csv = tmp_path / "table.csv"
    rows = [f"{i},x,{value}\n" for i, value in enumerate(target * 10)]
    csv.write_text("a,b,y\n" + "".join(rows))
    prepared = prepare(str(csv), {**SMALL, "task": task}, str(tmp_path))
    assert prepared.spec["classes"] == classes
    train, val = train_test_split(np.array(y * 10), test_size=0.2, random_state=42)
    np.testing.assert_array_equal(arrays(tmp_path)["y_train"], train)
    np.testing.assert_array_equal(arrays(tmp_path)["y_val"], val)


LABELS = st.text("07.\u0663\u0967eE_+- x", min_size=1, max_size=25) | st.sampled_from(
    ["7", "07", "7.0", "7.", "1e3", "1_000", "1,5", "nan0", "0x1F", "12:30", "yes", "a b"]
    + ["1234567890123456789012345", "1234567890123456789012346", "\u0663", "\u0967\u0968"]
)


@settings(max_examples=25, deadline=None)
@given(labels=st.lists(LABELS, min_size=2, max_size=6, unique=True))
def test_a_class_is_a_label_as_it_is_written(labels: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        csv = Path(directory, "table.csv")
        with csv.open("w", newline="") as file:
            writer = csv_module.writer(file)
            writer.writerow(["a", "b", "y"])
            writer.writerows([i, "x", label] for i, label in enumerate(labels * 10))
        prepared = prepare(str(csv), {**SMALL, "task": "multiclass"}, directory)
        found, classes = arrays(Path(directory)), prepared.spec["classes"]
    assert isinstance(classes, list) and sorted(classes) == sorted(labels)
    train, _ = train_test_split(np.array(labels * 10), test_size=0.2, random_state=42)
    assert [classes[code] for code in found["y_train"]] == train.tolist()


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (np.array([0.0, 1.0, 1.0, 0.0]), ["0", "1"]),
        (np.array([10, 9, 10, 9]), ["9", "10"]),
        (np.array([1e20, 0.5, 1e20, -1e-7]), ["-0.0000001", "0.5", "100000000000000000000"]),
        (np.array([2**60 + 1, 2**60, 2**60, 2**60 + 1]), [str(2**60), str(2**60 + 1)]),
        (np.array([True, False, True, False]), ["false", "true"]),
    ],
)
def test_classes_of_parquet_are_plain_decimals(
    target: np.ndarray, classes: list[str], tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": range(40), "b": "x", "y": np.tile(target, 10)})
    frame.to_parquet(tmp_path / "table.parquet")
    content = {**SMALL, "task": "multiclass"}
    assert (
        prepare(str(tmp_path / "table.parquet"), content, str(tmp_path)).spec["classes"] == classes
    )


KINDS = {
    "target": "y",
    "columns": [
        {"name": "number", "kind": "numeric"},
        {"name": "category", "kind": "categorical"},
        {"name": "one of", "kind": "categorical", "encoding": "onehot"},
        {"name": "truth", "kind": "boolean"},
        {"name": "day", "kind": "datetime", "parts": ["year", "month", "day"]},
    ],
}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)


def value_of(feature: Feature, x: np.ndarray) -> Any:
    """What the columns of X that a feature became say that was in the table."""
    x = x * feature.std + feature.mean
    if feature.kind == "numeric":
        return pytest.approx(x[0], abs=1e-9 * (abs(feature.mean[0]) + feature.std[0]))
    if feature.kind == "categorical":
        return feature.categories[x.argmax() if feature.encoding == "onehot" else round(x[0])]
    return tuple(x.round()) if feature.kind == "datetime" else bool(round(x[0]))


def expected(feature: Feature, text: str) -> Any:
    """The same, by the table."""
    text = str(feature.fill) if text in MISSING else text
    if feature.kind == "datetime":
        return tuple(map(int, text[:10].split("-")))
    if feature.kind == "boolean":
        return text in ("true", "Yes", "1")
    return float(text) if feature.kind == "numeric" else text


@settings(max_examples=100)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-1e6, 1e6, allow_subnormal=False).map(repr) | st.just("NA"),
            TEXTS,
            st.sampled_from(["x", "y", "", "x=y"]) | TEXTS,
            st.sampled_from(["true", "Yes", "1", "F", "no", "0", "nan"]),
            st.dates().map(str) | st.just("<NA>"),
            st.sampled_from(["0", "1"]),
        ),
        min_size=8,
        max_size=40,
    )
)
def test_any_table_survives_csv_and_npz(rows: list[tuple[str, ...]]) -> None:
    rows += [("1.0", "x", "x", "1", "2026-01-31", label) for label in "01"]
    with tempfile.TemporaryDirectory() as directory:
        csv = Path(directory, "table.csv")
        with open(csv, "w", newline="") as file:
            csv_module.writer(file).writerows(
                [("number", "category", "one of", "truth", "day", "y"), *rows]
            )
        # No row has a category of its own only because of the split.
        prepare(str(csv), KINDS, directory, fit_on="all", dtype="float64")
        spec = load_spec(Path(directory, contract.SPEC))
        found = arrays(Path(directory))
    X = np.concatenate([found["X_val"], found["X_train"]])
    y = np.concatenate([found["y_val"], found["y_train"]])
    ends = np.cumsum([len(feature.outputs) for feature in spec.columns])[:-1]
    order = np.random.RandomState(42).permutation(len(rows))
    for number, x, label in zip(order, X, y, strict=True):
        *texts, target = rows[number]
        assert label == float(target)
        for feature, text, part in zip(spec.columns, texts, np.split(x, ends), strict=True):
            assert expected(feature, text) == value_of(feature, part)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("shard_rows", [0, 20])
def test_rows_without_a_target_are_left_out_when_asked(
    task: str, shard_rows: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [f"{i},{'xz'[i % 2]},{i // 2 % 2}\n" for i in range(50)]
    (tmp_path / "whole.csv").write_text("a,b,y\n" + "".join(lines))
    lines[7:7] = ["1e9,category of no other row,\n", "1e9,x,NA\n"]
    (tmp_path / "gaps.csv").write_text("a,b,y\n" + "".join(lines) + "1e9,x,NaN\n")
    schema = {**SMALL, "task": task}
    with pytest.raises(InputError, match="with `missing_target: drop` such rows are left out"):
        prepare(str(tmp_path / "gaps.csv"), schema, str(tmp_path / "found"))
    found, expected = (
        prepare(str(tmp_path / csv), content, str(tmp_path / name), shard_rows=shard_rows)
        for csv, content, name in (
            ("gaps.csv", {**schema, "missing_target": "drop"}, "found"),
            ("whole.csv", schema, "expected"),
        )
    )
    assert found == expected
    paths = [tmp_path / name / contract.PROFILE for name in ("found", "expected")]
    profiles = [json.loads(path.read_bytes()) for path in paths]
    assert [profile.pop("source") for profile in profiles] == [
        str(tmp_path / "gaps.csv"),
        str(tmp_path / "whole.csv"),
    ]
    assert profiles[0] == profiles[1]
    assert caplog.messages == ["y is missing in 3 rows, which are left out"]


def test_all_targets_missing(tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,b,y\n1,x,\n2,x,\n")
    with pytest.raises(InputError) as error:
        prepare(str(csv), {**SMALL, "missing_target": "drop"}, str(tmp_path / "out"))
    assert str(error.value) == "y must have a value in some row, got none"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit_on": "val"}, "fit_on must be one of train, all, got val"),
        ({"dtype": "int8"}, "dtype must be one of float32, float64, got int8"),
        ({"split_seed": 1.5}, f"split_seed must be {SEED}, got 1.5"),
        ({"split_seed": "x"}, f"split_seed must be {SEED}, got x"),
        ({"split_seed": -1}, f"split_seed must be {SEED}, got -1"),
        ({"val_size": 1}, "val_size must be above 0 and below 1, got 1"),
        ({"val_size": 0.0}, "val_size must be above 0 and below 1, got 0.0"),
        ({"val_size": 0.5, "test_size": 0.5}, f"{SIZES}, got 0.5 and 0.5"),
        (
            {"val_size": 0.99},
            f"{NO_ROWS}, got 0 training, 4 validation rows of 4; add rows, or change val_size",
        ),
    ],
)
def test_bad_options(options: Mapping[str, Any], message: str, tmp_path: Path) -> None:
    csv = tmp_path / "table.csv"
    csv.write_text("a,b,y\n1,x,0\n2,y,1\n3,x,0\n4,y,1\n")
    with pytest.raises(InputError) as error:
        prepare(str(csv), SMALL, str(tmp_path / "out"), **options)
    assert str(error.value) == message
    assert not (tmp_path / "out").exists()


def test_settings_are_those_of_a_config(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    config = PrepareConfig(dtype="float64", val_size=0.3)
    given = prepare(str(csv), TITANIC, str(tmp_path / "config"), config)
    assert prepare(str(csv), TITANIC, str(tmp_path), dtype="float64", val_size=0.3) == given
    changed = prepare(str(csv), TITANIC, str(tmp_path), config, dtype="float32")
    assert (changed.val["rows"], changed.val["dtype"]) == (30, "float32")
    with pytest.raises(TypeError, match="val_share"):
        prepare(str(csv), TITANIC, str(tmp_path), val_share=0.3)


def test_a_refused_table_leaves_an_older_result_as_it_was(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    prepared = prepare(str(csv), TITANIC, str(tmp_path))
    csv.write_text("Survived\n1\n")
    with pytest.raises(InputError):
        prepare(str(csv), TITANIC, str(tmp_path))
    assert contract.sha256_of(tmp_path / contract.TRAIN_DATA) == prepared.train["sha256"]


def test_an_unwritable_directory(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the output directory must be writable, got "):
        prepare(str(csv), TITANIC, str(tmp_path / "file"))


def test_what_a_killed_preparation_left_goes(tmp_path: Path) -> None:
    csv, out = tmp_path / "table.csv", tmp_path / "out"
    csv.write_text("a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(20)))
    schema = {"target": "y", "columns": [{"name": "a", "kind": "numeric"}]}
    dead = 2**22 + 1
    (out / "train_shards").mkdir(parents=True)
    # Of a run with other settings than the next one, too.
    for name in ("train_data.npz", "spec.json", "train_shards/train-00007.npz"):
        path = out / name
        path.with_name(f".{path.name}.{dead}.tmp").touch()
    prepare(str(csv), schema, str(out))
    assert [*out.rglob(".*.tmp")] == []

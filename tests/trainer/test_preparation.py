"""A table becomes arrays: the lesson's, bit for bit, and no partial output when it cannot."""

import csv as csv_module
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

from trainer import contract, features
from trainer.errors import InputError
from trainer.preparation import prepare
from trainer.values import MISSING

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
SIZES = "val_size must be above 0 and, with holdout_size, below 1"
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


def lesson(csv: Path) -> dict[str, np.ndarray]:
    """The lesson's arrays, by the lesson's own code."""
    df = pd.read_csv(csv)
    df["Sex"] = LabelEncoder().fit_transform(df["Sex"])
    df["Embarked"] = df["Embarked"].fillna("S")
    df["Embarked"] = LabelEncoder().fit_transform(df["Embarked"])
    df["Age"] = df["Age"].fillna(df["Age"].median())
    df["Fare"] = df["Fare"].fillna(df["Fare"].median())
    X = df[["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]].values
    X = StandardScaler().fit_transform(X)
    split = train_test_split(X, df["Survived"].values, test_size=0.2, random_state=42)
    return dict(zip(("X_train", "X_val", "y_train", "y_val"), split, strict=True))


def arrays(directory: Path) -> dict[str, np.ndarray]:
    """Everything in the two npz files."""
    found = {}
    for name in (contract.TRAIN_DATA, contract.VAL_DATA):
        with np.load(directory / name, allow_pickle=False) as npz:
            found |= dict(npz)
    return found


def same_bits(csv: Path, directory: Path) -> bool:
    prepare(str(csv), TITANIC, str(directory), fit_on="all", dtype="float64")
    ours, theirs = arrays(directory), lesson(csv)
    return ours.keys() == theirs.keys() and all(
        ours[key].dtype == theirs[key].dtype
        and ours[key].tobytes() == np.ascontiguousarray(theirs[key]).tobytes()
        for key in theirs
    )


def test_reproduces_the_lesson_bit_for_bit(titanic: Path, tmp_path: Path) -> None:
    assert same_bits(titanic, tmp_path)


@pytest.mark.parametrize("rows", [10, 713, 150_001])  # the last in several blocks
def test_reproduces_the_lesson_on_generated_rows(rows: int, tmp_path: Path) -> None:
    assert same_bits(passengers(tmp_path / "table.csv", rows), tmp_path)


def test_fits_on_the_training_rows_alone_by_default(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 1000)
    prepared = prepare(str(csv), TITANIC, str(tmp_path), dtype="float64")
    assert np.abs(arrays(tmp_path)["X_train"].mean(axis=0)).max() < 1e-12
    assert np.abs(arrays(tmp_path)["X_val"].mean(axis=0)).max() > 1e-3

    train, _ = train_test_split(pd.read_csv(csv), test_size=0.2, random_state=42)
    age = features.load(tmp_path / contract.SPEC).columns[2]
    filled = train["Age"].fillna(train["Age"].median())
    assert age.fill == train["Age"].median()
    assert age.mean == pytest.approx([filled.mean()], rel=1e-14)
    assert age.std == pytest.approx([filled.std(ddof=0)], rel=1e-14)
    assert prepared.spec["features"] == [column["name"] for column in TITANIC["columns"]]


def test_says_what_it_wrote(tmp_path: Path) -> None:
    csv = passengers(tmp_path / "table.csv", 100)
    prepared = prepare(str(csv), TITANIC, str(tmp_path), split_seed="7.0")
    sha256 = contract.sha256_of(tmp_path / contract.TRAIN_DATA)
    assert prepared.train == {"rows": 80, "features": 7, "dtype": "float32", "sha256": sha256}
    assert prepared.val["rows"] == 20
    found = arrays(tmp_path)
    assert found["X_train"].shape == (80, 7)
    assert found["X_train"].dtype == np.float32
    assert found["X_train"].flags.c_contiguous
    assert found["y_val"].dtype == np.int8
    assert prepared.spec["classes"] == [0, 1]


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
        ("binary", ["2.0", "10", "2", "1e1"], [2, 10], [0, 1, 0, 1]),
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


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-1e6, 1e6, allow_subnormal=False) | st.none(),
            st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
            st.booleans(),
        ),
        min_size=8,
        max_size=40,
    )
)
def test_any_table_survives_csv_and_npz(rows: list[tuple[float | None, str, bool]]) -> None:
    rows += [(1.0, "x", False), (2.0, "x", True)]
    with tempfile.TemporaryDirectory() as directory:
        csv = Path(directory, "table.csv")
        with open(csv, "w", newline="") as file:
            writer = csv_module.writer(file)
            writer.writerows([("a", "b", "y"), *[(a, b, int(y)) for a, b, y in rows]])
        # No row has a level of its own only because of the split.
        prepare(str(csv), SMALL, directory, fit_on="all", dtype="float64")
        spec = features.load(Path(directory, contract.SPEC))
        found = arrays(Path(directory))
    X = np.concatenate([found["X_val"], found["X_train"]])
    y = np.concatenate([found["y_val"], found["y_train"]])
    a, b = spec.columns
    order = np.random.RandomState(42).permutation(len(rows))
    for number, (a_code, b_code), label in zip(order, X, y, strict=True):
        a_value, b_value, y_value = rows[number]
        scale = abs(a.mean[0]) + a.std[0]
        expected = a.fill if a_value is None else a_value
        assert a_code * a.std[0] + a.mean[0] == pytest.approx(expected, abs=1e-9 * scale)
        level = b.levels[round(b_code * b.std[0] + b.mean[0])]
        assert level == (b.fill if b_value in MISSING else b_value)
        assert label == y_value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit_on": "val"}, "fit_on must be one of train, all, however: 'val'"),
        ({"dtype": "int8"}, "dtype must be one of float32, float64, however: 'int8'"),
        ({"split_seed": 1.5}, "split_seed must be a whole number, however: 1.5"),
        ({"split_seed": "x"}, "split_seed must be a whole number, however: 'x'"),
        ({"split_seed": -1}, "split_seed must be from 0 to 4294967295, however: -1"),
        ({"val_size": 1}, f"{SIZES}, however: 1 and 0"),
        ({"val_size": 0.5, "holdout_size": 0.5}, f"{SIZES}, however: 0.5 and 0.5"),
        ({"val_size": 0.0}, f"{SIZES}, however: 0 and 0"),
        (
            {"val_size": 0.99},
            "each side of the split must have rows, however: of 4 rows 0 train, 4 validate",
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
    with pytest.raises(InputError, match="the output directory must be writable, however: "):
        prepare(str(csv), TITANIC, str(tmp_path / "file"))

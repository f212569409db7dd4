"""What a classifier predicts are the labels of its table, spelled as there, whatever they look
like; and a level is the same level in every kind of table."""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainer import contract
from trainer.__main__ import main
from trainer.errors import InputError
from vertex_tabular.prediction.model import Model, load_model
from vertex_tabular.prediction.table import evaluate_file, predict_file
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.tables.inference import infer

WORDS = ["None", "NA", "nan", "null", "N/A", "NaN", "<NA>"]
LABELS = st.one_of(
    st.text("07.,\u0663\u0967eE_+- x\"'", min_size=1, max_size=25),
    st.sampled_from(["7", "07", "7.0", "7.", "1e3", "1E3", "1_000", "0x1F", "12:30", "yes", "a b"]),
    st.integers(10**24, 10**25 - 1).map(str),
    st.sampled_from([*WORDS, "\u0663", "\u0967\u0968", "inf", "-0", "+1", " 1", "1 ", "true"]),
).filter(lambda label: label.strip() != "")


def write(path: Path, columns: Mapping[str, Sequence[Any]]) -> str:
    """Writes a table of texts, as CSV or Parquet."""
    if path.suffix == ".parquet":
        pd.DataFrame(columns).to_parquet(path, index=False)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([list(columns), *zip(*columns.values(), strict=True)])
    return str(path)


def trained(directory: Path, table: str, schema: dict[str, Any], *flags: str) -> Model:
    """A model of the table, by way of npz files."""
    prepare(table, schema, str(directory), max_unseen=1)
    arrays = [f"--{name}={directory / f'{name}_data.npz'}" for name in ("train", "val")]
    quick = ["--epochs=30", "--hidden_layers=8", "--learning_rate=0.05", "--threads=1"]
    assert main([*arrays, *quick, f"--model_out={directory / 'run'}", *flags]) == 0
    return load_model(str(directory / "run"))


def test_missing_words_are_missing_unless_said_otherwise(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"x": list(range(60)), "y": ["None", "Mild", "Severe"] * 20}
    table = write(tmp_path / "t.csv", rows)
    schema = {"target": "y", "task": "multiclass", "columns": [{"name": "x", "kind": "numeric"}]}
    with pytest.raises(InputError) as error:
        prepare(table, schema, str(tmp_path))
    first = str(error.value).split("\n")[0]
    assert first == (
        "target y must not be missing, got 'None' (line 2); with `missing_target: drop` such rows "
        'are left out, and with `target: {name: "y", missing: [""]}` None is a class'
    )
    assert '# target: {name: "y", missing: [""]}' in infer(table, "y").schema


@settings(max_examples=15, deadline=None)
@given(
    labels=st.lists(LABELS, min_size=2, max_size=5, unique=True),
    suffix=st.sampled_from(["csv", "parquet"]),
)
@example(labels=["None", "NA", "nan"], suffix="csv")
@example(labels=["None", "Mild"], suffix="parquet")
@example(labels=["7", "07", "8"], suffix="csv")
@example(labels=["2.1", "2.10", "2.100"], suffix="parquet")
@example(labels=["1234567890123456789012345", "1234567890123456789012346"], suffix="csv")
@example(labels=["1e3", "1000", "1_000", "\u0661\u0660\u0660\u0660"], suffix="csv")
def test_predictions_are_drawn_from_exactly_the_labels(labels: list[str], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        xs = [float(i % len(labels)) for i in range(20 * len(labels))]
        ys = [labels[int(x)] for x in xs]
        table = write(directory / f"t.{suffix}", {"x": [str(x) for x in xs], "y": ys})
        columns = [{"name": "x", "kind": "categorical", "encoding": "onehot"}]
        task = "binary" if len(labels) == 2 else "multiclass"
        target = {"name": "y", "missing": [""]}
        schema = {"target": target, "task": task, "split": "stratified", "columns": columns}
        model = trained(directory, table, schema)
        assert sorted(model.classes_.tolist()) == sorted(labels) == sorted(model.run.classes)
        assert model.predict({"x": xs}).tolist() == ys  # easy to learn: so each label is predicted
        out = directory / "out.parquet"
        predict_file(model, table, str(out))
        assert pd.read_parquet(out)["class"].tolist() == ys
        predict_file(model, table, str(directory / "out.csv"))
        with open(directory / "out.csv", newline="", encoding="utf-8") as file:
            assert [row["class"] for row in csv.DictReader(file)] == ys
        assert evaluate_file(model, table).metrics["accuracy"] == 1


def test_a_word_for_missing_may_be_a_level(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"g": ["NA", "EU", ""] * 20, "y": ["0", "1", "0"] * 20}
    columns = [{"name": "g", "kind": "categorical", "missing": [""], "impute": "EU"}]
    model = trained(tmp_path, write(tmp_path / "t.csv", rows), {"target": "y", "columns": columns})
    (feature,) = model.spec.columns
    assert (feature.categories, feature.missing) == (["EU", "NA"], [""])
    found = evaluate_file(model, write(tmp_path / "new.csv", rows)).counts
    assert (dict(found.missing), dict(found.unseen)) == ({"g": 20}, {})
    proba = model.predict_proba({"g": ["NA", "EU", "", None, pd.NA]})[:, 1]
    assert proba[0] != proba[1] == proba[2] == proba[3] == proba[4]


@pytest.mark.parametrize("point", ["", ".0"])
@pytest.mark.parametrize("encoding", ["ordinal", "onehot"])
def test_the_same_number_is_the_same_level(encoding: str, point: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    levels = random.integers(1, 4, 90).tolist()
    y = [str(int(level == 2)) for level in levels]
    texts = [f"{level}{point}" for level in levels]
    columns = [
        {"name": "g", "kind": "categorical", "encoding": encoding, "values": [1, "2.0", "3"]}
    ]
    schema = {"target": "y", "columns": columns}
    model = trained(tmp_path, write(tmp_path / "t.csv", {"g": texts, "y": y}), schema)
    assert model.spec.columns[0].categories == ["1", "2", "3"]
    expected = model.predict_proba({"g": texts})
    for values in (levels, list(map(float, levels)), [f"{level}." for level in levels]):
        for frame in ({"g": values}, pd.DataFrame({"g": values}), {"g": np.array(values)}):
            np.testing.assert_array_equal(model.predict_proba(frame), expected)
        for name in ("new.csv", "new.parquet"):
            new = write(tmp_path / name, {"g": values, "y": y})
            found = evaluate_file(model, new)
            assert not found.counts.unseen
            np.testing.assert_array_equal(found.predictions, expected[:, 1])


def test_a_column_that_is_all_unseen_is_an_error(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"g": ["a", "b"] * 30, "x": list(range(60)), "y": ["0", "1"] * 30}
    columns = [{"name": "g", "kind": "categorical"}, {"name": "x", "kind": "numeric"}]
    model = trained(tmp_path, write(tmp_path / "t.csv", rows), {"target": "y", "columns": columns})
    new: dict[str, list[Any]] = {
        "g": ["A", "", "B"] * 5,
        "x": list(range(15)),
        "y": ["0", "1", "1"] * 5,
    }
    table, out = write(tmp_path / "new.csv", new), tmp_path / "out.csv"
    complaint = "g must have categories of the training rows, got none in 10 rows; see that its"
    with pytest.raises(InputError, match=complaint):
        predict_file(model, table, str(out))
    assert not out.exists()
    with pytest.raises(InputError, match=complaint):
        evaluate_file(model, table)
    with pytest.raises(InputError, match=complaint):
        model.predict(new)
    command = (str(tmp_path / "run"), table)
    for arguments in (("predict", *command, "--out", str(out)), ("evaluate", *command)):
        pipelines = [sys.executable, "-m", "pipelines", *arguments]
        done = subprocess.run(pipelines, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        assert complaint in done.stderr
    few = {name: values[:5] for name, values in new.items()}
    assert len(model.predict(few)) == 5
    new["g"][0] = "a"
    assert len(model.predict(new)) == 15


def test_a_column_of_rare_levels_may_be_all_unseen(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {
        "g": [f"t{i}" for i in range(60)],
        "x": list(range(60)),
        "y": ["0", "1"] * 30,
    }
    columns = [
        {"name": "g", "kind": "categorical", "min_frequency": 3},
        {"name": "x", "kind": "numeric"},
    ]
    table = write(tmp_path / "t.csv", rows)
    model = trained(tmp_path, table, {"target": "y", "columns": columns})
    assert len(model.predict(rows)) == 60


def test_dates_and_blanks_are_read_the_same_everywhere(tmp_path: Path) -> None:
    days = [f"{1 + i % 28:02}/{1 + i % 12:02}/2026" for i in range(60)]
    iso = [f"2026-{day[3:5]}-{day[:2]}" for day in days]
    rows: dict[str, list[Any]] = {
        "d": days,
        "n": [" " if i % 7 == 0 else f"{i}.5" for i in range(60)],
    }
    y = {"y": [str(int(day[3:5] > "06")) for day in days]}
    columns = [
        {"name": "d", "kind": "datetime", "order": "day-month-year"},
        {"name": "n", "kind": "numeric", "indicator": True},
    ]
    table = write(tmp_path / "t.csv", {**rows, **y})
    model = trained(tmp_path, table, {"target": "y", "columns": columns})
    expected = model.predict_proba(rows)
    numbers = [None if i % 7 == 0 else i + 0.5 for i in range(60)]
    for frame in (
        {"d": iso, "n": numbers},
        {"d": [f"{day}T00:00:00Z" for day in iso], "n": numbers},
        pd.DataFrame({"d": pd.to_datetime(iso), "n": numbers}),
        pd.DataFrame({"d": pd.to_datetime(iso, utc=True), "n": numbers}),
    ):
        np.testing.assert_array_equal(model.predict_proba(frame), expected)
    found = evaluate_file(model, write(tmp_path / "new.parquet", {**rows, **y}))
    np.testing.assert_array_equal(found.predictions, expected[:, 1])
    assert found.counts.missing == {"n": 9}
    spec = json.loads((tmp_path / "run" / contract.SPEC).read_bytes())
    assert spec["features"][-2:] == ["n", "n=(missing)"]

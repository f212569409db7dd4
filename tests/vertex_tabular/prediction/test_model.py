"""A run's model in use: its predictions are training's own, and no table is predicted by halves."""

import gzip
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from trainer import contract
from trainer.__main__ import main
from trainer.errors import InputError, TabularError
from vertex_tabular.prediction.model import Model, load_model
from vertex_tabular.prediction.table import evaluate_file, predict_file
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.preprocessing.reading import read_checked
from vertex_tabular.preprocessing.splits import VAL
from vertex_tabular.preprocessing.splitters import make_splitter
from vertex_tabular.schema.parse import parse_schema

COLUMNS = [
    {"name": "size", "kind": "numeric"},
    {"name": "town", "kind": "categorical"},
    {"name": "colour", "kind": "categorical", "encoding": "onehot", "min_frequency": 5},
    {"name": "new", "kind": "boolean"},
    {"name": "sold", "kind": "datetime", "parts": ["month", "hour"]},
]
TARGETS = {"binary": "good", "multiclass": "kind", "regression": "price"}
ROWS = 300


@dataclass
class Trained:
    """A training of a task: its run directory, and its table as CSVs."""

    task: str
    run: Path
    table: Path
    validation: Path
    model: Model

    @property
    def frame(self) -> pd.DataFrame:
        """The validation rows, every field a text as in the CSV."""
        return pd.read_csv(self.validation, dtype=str, keep_default_na=False)

    def raw(self, rows: Any) -> Any:
        """The predictions for rows, in the form in which training records them."""
        if self.task == "regression":
            return self.model.predict(rows)
        p = self.model.predict_proba(rows)
        return p[:, 1] if self.task == "binary" else p

    def recorded(self) -> Any:
        """What training itself predicted for the validation rows."""
        with np.load(self.run / contract.PREDICTIONS) as arrays:
            return arrays["prediction" if self.task == "regression" else "probability"]


def write_table(path: Path, rows: int = ROWS, seed: int = 0) -> None:
    """Writes rows with every kind of column, every kind of target, and values missing."""
    random = np.random.default_rng(seed)
    size = random.normal(50, 12, rows)
    town = random.choice(["Bonn", "Oslo", "Rome, IT"], rows)
    levels = ["red", "green", "NA", "mauve"]
    colour = random.choice(levels, rows, p=[0.5, 0.39, 0.1, 0.01])
    price = 3000 * size + 20000 * (town == "Oslo") + random.normal(0, 5000, rows)
    frame = pd.DataFrame(
        {
            "id": [f"{row:05}" for row in range(rows)],
            "size": np.where(random.random(rows) < 0.1, "", size.round(3).astype(str)),
            "town": town,
            "colour": colour,
            "new": random.choice(["yes", "no"], rows),
            "sold": [f"2026-{1 + row % 12:02}-03 {row % 24:02}:00" for row in range(rows)],
            "good": np.where(price > 160000, "yes", "no"),
            "kind": np.digitize(size, [42, 57]),
            "price": price.round(2),
        }
    )
    frame.to_csv(path, index=False)


def train(directory: Path, task: str, *flags: str, **preparation: Any) -> Trained:
    """The whole way from the CSV to a run directory, and the CSV of the validation rows."""
    table, run = directory / "table.csv", directory / "run"
    write_table(table)
    schema = {"target": TARGETS[task], "task": task, "columns": COLUMNS}
    prepare(str(table), schema, str(directory / "arrays"), **preparation)
    arrays = [f"--{side}={directory / 'arrays' / f'{side}_data.npz'}" for side in ("train", "val")]
    assert main([*arrays, "--epochs=40", "--hidden_layers=16,8", f"--model_out={run}", *flags]) == 0
    parsed = parse_schema(schema)
    splitter = make_splitter(parsed, PrepareConfig())
    chosen = splitter.split(read_checked(str(table), parsed))[VAL]
    header, *lines = table.read_text().splitlines()
    validation = directory / "validation.csv"
    validation.write_text("\n".join([header, *(lines[row] for row in chosen)]) + "\n")
    return Trained(task, run, table, validation, load_model(str(run)))


@pytest.fixture(scope="module", params=TARGETS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp(request.param), request.param)


@pytest.mark.parametrize("task", TARGETS)
def test_a_blend_has_trainings_predictions(task: str, tmp_path: Path) -> None:
    blended = train(tmp_path, task, "--model=auto", "--epochs=2", "--refit=none")
    recorded = blended.recorded()
    predicted = blended.raw(blended.frame)
    scale = np.abs(recorded).max()
    np.testing.assert_allclose(predicted, recorded, rtol=0, atol=2e-6 * scale)


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Of arrays in float64 and weighted classes."""
    flags = "--class_weight=balanced"
    return train(tmp_path_factory.mktemp("balanced"), "binary", flags, dtype="float64")


def answers_in(frame: pd.DataFrame, task: str) -> Any:
    names = {"binary": ["probability"], "regression": ["prediction"]}
    columns = names.get(task, [f"probability_{k}" for k in range(3)])
    return frame[columns].to_numpy().squeeze()


def test_a_frame_and_a_dict_have_trainings_predictions(trained: Trained) -> None:
    recorded = trained.recorded()
    scale = np.abs(recorded).max()  # at most 1 for a probability
    frame = pd.read_csv(trained.validation, parse_dates=["sold"])
    for columns in (
        trained.frame,
        trained.frame.to_dict("list"),
        frame,  # NaN, numbers, dates
        {name: frame[name].to_numpy() for name in frame},
    ):
        predicted = trained.raw(columns)
        assert predicted.dtype == np.float32 and predicted.shape == recorded.shape
        np.testing.assert_allclose(predicted, recorded, rtol=0, atol=1e-6 * scale)


def test_a_row_in_any_form_has_the_same_prediction(trained: Trained) -> None:
    frame = pd.read_csv(trained.validation, parse_dates=["sold"])
    expected = trained.raw(frame)[:2]
    rows = [row for _, row in frame[:2].iterrows()]
    records = frame[:2].to_dict("records")
    for many in (rows, tuple(rows), records, frame[:2], frame[:2].to_dict("series")):
        np.testing.assert_array_equal(trained.raw(many), expected)
    for one in (rows[0], records[0], records[:1], frame[:1], {**records[0], "id": None}):
        np.testing.assert_array_equal(trained.raw(one), expected[:1])
    assert trained.model.predict(frame[:0]).shape == trained.model.predict([]).shape == (0,)


@pytest.mark.parametrize("missing", [None, "", float("nan"), pd.NA, pd.NaT])
def test_every_sign_of_a_missing_value_is_one(trained: Trained, missing: Any) -> None:
    row = trained.frame.iloc[0].to_dict()
    for name in ("size", "colour", "sold"):
        expected = trained.raw({**row, name: ""})
        assert trained.raw({**row, name: missing}).tolist() == expected.tolist()
    column = pd.array(["50.5", pd.NA], dtype="string")
    with_size = pd.DataFrame([row, row]).assign(size=column.astype("Float64"))
    texts = pd.DataFrame([row, row]).assign(size=["50.5", ""])
    assert trained.raw(with_size).tolist() == trained.raw(texts).tolist()


def test_a_classifier_predicts_classes_and_their_probabilities(trained: Trained) -> None:
    predicted, recorded = trained.model.predict(trained.frame), trained.recorded()
    if trained.task == "regression":
        assert predicted.dtype == np.float32 and not hasattr(trained.model, "classes_")
        with pytest.raises(InputError, match="predict_proba needs a classifier"):
            trained.model.predict_proba(trained.frame)
        return
    classes = trained.model.classes_.tolist()
    assert classes == (["no", "yes"] if trained.task == "binary" else ["0", "1", "2"])
    proba = trained.model.predict_proba(trained.frame)
    assert proba.shape == (len(recorded), len(classes)) and proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(predicted, trained.model.classes_[proba.argmax(axis=1)])


def test_a_model_is_shown_in_a_line_and_in_a_notebook(trained: Trained) -> None:
    assert repr(trained.model).startswith(f"Model(task={trained.task}, target=")
    assert len(repr(trained.model)) < 120
    assert f"<td>{TARGETS[trained.task]}</td>" in trained.model._repr_html_()


@pytest.mark.parametrize("rows", ["size", 3, [{"size": 1}], {"size": 1}, ["size"]])
def test_what_is_no_row_is_refused(trained: Trained, rows: Any) -> None:
    with pytest.raises(InputError, match="rows must be a DataFrame|the model reads the columns"):
        trained.model.predict(rows)


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ".parquet"])
def test_a_file_has_trainings_predictions(trained: Trained, tmp_path: Path, form: str) -> None:
    """Without the target; a CSV's keys as they were, even where they look like missing values."""
    target = TARGETS[trained.task]
    asked, table = trained.frame.drop(columns=target), tmp_path / f"asked{form}"
    keys = ["id", "town", "colour"]
    if form == ".parquet":
        keys = ["id", "town"]
        pd.read_csv(trained.validation, dtype={"id": str}).drop(columns=target).to_parquet(table)
    else:
        text = asked.to_csv(index=False).encode()
        table.write_bytes(gzip.compress(text) if form.endswith(".gz") else text)
    recorded = trained.recorded()
    for out in (tmp_path / "answers.csv", tmp_path / "answers.parquet"):
        counts = predict_file(trained.model, str(table), str(out), keys)
        assert counts.rows == len(asked)
        assert counts.missing["size"] == (asked["size"] == "").sum()
        if out.suffix == ".csv":
            answers = pd.read_csv(out, dtype={"id": str, "class": str}, keep_default_na=False)
        else:
            answers = parquet.read_table(out).to_pandas()
        for key in keys:
            assert answers[key].tolist() == asked[key].tolist()
        scale = np.abs(recorded).max()
        predicted = answers_in(answers, trained.task)
        np.testing.assert_allclose(predicted, recorded, rtol=0, atol=1e-6 * scale)
        if trained.task == "binary":
            assert answers["class"].tolist() == np.where(recorded > 0.5, "yes", "no").tolist()
        elif trained.task == "multiclass":
            assert answers["class"].tolist() == recorded.argmax(axis=1).astype(str).tolist()
    assert not list(tmp_path.glob(".*"))


def test_the_validation_rows_have_trainings_figures(trained: Trained) -> None:
    of_training = json.loads((trained.run / contract.METRICS).read_text())
    evaluation = evaluate_file(trained.model, str(trained.validation))
    metrics, counts = evaluation.metrics, evaluation.counts
    assert counts.rows == of_training["rows"]["validation"]
    recorded = {
        name.removeprefix("validation_"): value
        for name, value in of_training.items()
        if name.startswith("validation_")
    }
    assert metrics == pytest.approx(recorded, rel=1e-5)
    other = evaluate_file(trained.model, str(trained.table)).metrics
    assert other.keys() == metrics.keys() and other != metrics


def test_weighted_classes_have_no_loss_to_tell(binary: Trained) -> None:
    metrics = evaluate_file(binary.model, str(binary.validation)).metrics
    assert "loss" not in metrics
    predicted = binary.raw(binary.frame)
    np.testing.assert_allclose(predicted, binary.recorded(), rtol=0, atol=1e-6)


def test_many_blocks_and_several_files_are_one_answer(binary: Trained, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    write_table(parts / "1.csv", 60_000, seed=1)
    write_table(parts / "2.tsv", 300, seed=2)
    second = pd.read_csv(parts / "2.tsv", dtype=str, keep_default_na=False)
    second.to_csv(parts / "2.tsv", sep="\t", index=False)
    out = tmp_path / "answers.csv"
    assert predict_file(binary.model, str(parts), str(out), ["id"]).rows == 60_300
    first = pd.read_csv(parts / "1.csv", dtype=str, keep_default_na=False)
    frame = pd.concat([first, second])
    answers = pd.read_csv(out, dtype={"id": str})
    assert answers["id"].tolist() == frame["id"].tolist()
    np.testing.assert_allclose(answers["probability"], binary.raw(frame), atol=1e-6)


def test_what_was_filled_and_what_is_new_is_counted(binary: Trained, tmp_path: Path) -> None:
    frame = binary.frame
    frame.loc[:4, "town"] = "Lima"
    frame["new"] = ""  # a column may be empty: all of it is filled
    frame["good"] = "yes"  # and all rows may be of one class
    frame.to_csv(tmp_path / "new.csv", index=False)
    counts = predict_file(binary.model, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"))
    assert counts.unseen["town"] == 5
    assert counts.missing["new"] == counts.rows == len(frame)
    evaluation = evaluate_file(binary.model, str(tmp_path / "new.csv"))
    metrics, evaluated = evaluation.metrics, evaluation.counts
    assert evaluated == counts
    assert np.isnan(metrics["auc"])


def test_whole_numbers_are_the_texts_that_the_csv_had(tmp_path: Path) -> None:
    """Where one is missing, pandas makes 3.0 of a level 3."""
    rows = ["deck,y"] + [f"{deck},{int(deck > 2)}" for deck in (1, 2, 3, 4) * 20]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    schema = {"target": "y", "columns": [{"name": "deck", "kind": "categorical"}]}
    prepare(str(tmp_path / "t.csv"), schema, str(tmp_path))
    arrays = [f"--train={tmp_path / 'train_data.npz'}", f"--val={tmp_path / 'val_data.npz'}"]
    assert (
        main([*arrays, "--epochs=2", "--hidden_layers=4", f"--model_out={tmp_path / 'run'}"]) == 0
    )
    model = load_model(str(tmp_path / "run"))
    texts, floats = {"deck": ["3", ""]}, pd.DataFrame({"deck": [3, None]})
    assert floats["deck"].dtype == np.float64
    assert model.predict_proba(texts).tolist() == model.predict_proba(floats).tolist()


def test_levels_unseen_in_memory_are_logged(
    binary: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    frame = binary.frame
    frame.loc[:4, "town"] = "Lima"
    binary.model.predict(frame)
    assert "town is unseen in training in 5 of 60 rows" in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": None}, "the columns size, town, colour, new, sold; missing: size"),
        ({"size": ["1"]}, "columns must be of one length"),
        ({"size": ["big", "1"]}, "size must be a number, got 'big' (row 0)"),
        ({"size": ["1", "1_000"]}, "size must be a number, got '1_000' (row 1)"),
        ({"size": [[1], 2]}, "size must be a number, got [1] (row 0)"),
        ({"size": [float("inf"), 1.0]}, "size must be finite"),
        ({"size": [1e300, 1.0]}, "size must fit float32 once standardised"),
        ({"size": 3}, "size must be a list or an array, got 3"),
        ({"new": ["perhaps", "yes"]}, "1 or 0, got 'perhaps'"),
        ({"sold": ["3 May", "2026-05-03"]}, "sold must be a date"),
    ],
)
def test_a_bad_column_is_refused(binary: Trained, change: dict[str, Any], said: str) -> None:
    columns = {**binary.frame[:2].to_dict("list"), **change}
    with pytest.raises(InputError) as caught:
        binary.model.predict({k: v for k, v in columns.items() if v is not None})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("size,", "extent,", "column size must be there"),
        ("id,", "number,", "column id must be there, got number, "),
        ("\n", ",id\n", "column id must be there once, got 2 times; rename all but one"),
        (
            "yes",
            "perhaps",
            "new must be true or false, yes or no, 1 or 0, got 'perhaps' (line ",
        ),
        ("2026-", "1e400-", "sold must be a date"),
        ("\n00000,", "\n00000,-1e999,Oslo,red,yes,2026-01-03,no,1,1\n1,", "size must be finite"),
        ("id,", '"id,', "quotes and fields must be well formed"),
    ],
)
def test_a_bad_table_leaves_nothing(
    binary: Trained, tmp_path: Path, old: str, new: str, said: str
) -> None:
    table = tmp_path / "bad.csv"
    table.write_text(binary.table.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        predict_file(binary.model, str(table), str(tmp_path / "out.csv"), ["id"])
    assert said in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_an_error_in_the_last_block_leaves_the_older_answer(
    binary: Trained, tmp_path: Path
) -> None:
    table, out = tmp_path / "table.csv", tmp_path / "out.csv"
    write_table(table, 60_000)
    with open(table, "a") as file:
        file.write("x,huge,Bonn,red,yes,2026-01-03 00:00,yes,1,1\n")
    out.write_text("older")
    with pytest.raises(InputError, match=r"^size must be a number, got 'huge' \(line 60002\)"):
        predict_file(binary.model, str(table), str(out))
    assert out.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "table.csv"]


def test_refused_before_anything_is_read(binary: Trained, tmp_path: Path) -> None:
    table = str(binary.table)
    empty = tmp_path / "empty.csv"
    empty.write_text(binary.table.read_text().splitlines()[0] + "\n")
    for asked, out, keys, said in (
        (table, "out.txt", [], "must go to .csv or .parquet"),
        (table, table, [], "a file of their own"),
        (table, "out.csv", ["class"], "not be named like a prediction, got class"),
        (str(tmp_path / "absent.csv"), "out.csv", [], "there is no such file"),
        (str(empty), "out.csv", [], "a table must have rows"),
        (str(empty), "out.parquet", ["id"], "a table must have rows"),
    ):
        with pytest.raises(InputError, match=said):
            predict_file(binary.model, asked, str(tmp_path / out), keys)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.csv"]


def test_a_target_that_cannot_be_compared_is_refused(binary: Trained, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    for value, said in (
        ("maybe", "one of the model's classes, no, yes"),
        ("", "not be missing.*; leave such rows out$"),
    ):
        frame = binary.frame
        frame.loc[3, "good"] = value
        frame.to_csv(table, index=False)
        with pytest.raises(InputError, match=said):
            evaluate_file(binary.model, str(table))


def test_a_directory_without_a_whole_model_is_refused(binary: Trained, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a run must be one in"):
        load_model(str(tmp_path / "absent"))
    with pytest.raises(TabularError, match="did not finish"):
        load_model(str(tmp_path))
    for path in binary.run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    contract.write_manifest(tmp_path, [contract.MODEL, contract.METRICS])
    with pytest.raises(InputError, match="must have spec.json"):
        load_model(str(tmp_path))
    contract.write_manifest(tmp_path, [contract.MODEL, contract.METRICS, contract.SPEC])
    (tmp_path / contract.MODEL).write_bytes(b"damaged")
    with pytest.raises(TabularError, match=r"model.pt must have sha256"):
        load_model(str(tmp_path))


def test_predicting_imports_neither_torch_nor_pandas(binary: Trained) -> None:
    program = (
        "import sys, json\n"
        "for name in ('torch', 'pandas', 'kfp', 'google', 'sklearn', 'pyarrow'):\n"
        "    sys.modules[name] = None\n"
        "from vertex_tabular.prediction.model import load_model\n"
        "model = load_model(sys.argv[1])\n"
        "print(model.predict(json.loads(sys.argv[2])).shape)\n"
    )
    rows = json.dumps(binary.frame[:3].to_dict("list"))
    command = [sys.executable, "-c", program, str(binary.run), rows]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("(3,)\n", "")

"""The training step as it is run: its command line, its results, and its refusals."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

from trainer import contract
from trainer.__main__ import main

Start = Callable[..., Any]
QUICK = ["--epochs=3", "--hidden_layers=8"]


@pytest.fixture
def notebook(titanic: Path, tmp_path: Path) -> list[str]:
    """The reference notebook's own arrays, made as it makes them."""
    table = pandas.read_csv(titanic)
    table["Sex"] = LabelEncoder().fit_transform(table["Sex"])
    table["Embarked"] = LabelEncoder().fit_transform(table["Embarked"].fillna("S"))
    table["Age"] = table["Age"].fillna(table["Age"].median())
    table["Fare"] = table["Fare"].fillna(table["Fare"].median())
    columns = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
    x = StandardScaler().fit_transform(table[columns].values)
    x_train, x_val, y_train, y_val = train_test_split(
        x, table["Survived"].values, test_size=0.2, random_state=42
    )
    train, val = tmp_path / "train_data.npz", tmp_path / "val_data.npz"
    np.savez(train, X_train=x_train, y_train=y_train)
    np.savez(val, X_val=x_val, y_val=y_val)
    return ["--train", str(train), "--val", str(val)]


def test_the_reference_notebooks_metrics(notebook: list[str], tmp_path: Path, start: Start) -> None:
    """The notebook's command line; a second run with the defaults gives the same bytes."""
    settings = "--epochs 500 --learning_rate 0.001 --patience 50 --min_delta 0.001"
    flags = [*notebook, *settings.split(" "), "--restore_best", "true"]
    process = start(["-m", "trainer", *flags, "--model_out", str(tmp_path / "a")])
    printed = process.communicate()[0]
    assert process.returncode == 0, printed
    assert main([*notebook, f"--model_out={tmp_path / 'b'}"]) == 0

    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert abs(metrics["best_epoch"] - 114) <= 3
    assert abs(metrics["validation_loss"] - 0.483) <= 0.003
    assert abs(metrics["validation_accuracy"] - 0.797) <= 0.01
    assert (tmp_path / "a/model.pt").read_bytes() == (tmp_path / "b/model.pt").read_bytes()
    assert (tmp_path / "a/training.log").read_text() == printed


def test_what_a_run_leaves(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = {"task": "binary", "target": "t", "features": list("abcdefg"), "classes": ["n", "y"]}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    out = tmp_path / "out"
    assert main([*data, *QUICK, "--epochs=4", f"--model_out={out}"]) == 0
    printed = capsys.readouterr().out

    assert set(contract.check_manifest(out)) == {
        "model.pt",
        "weights.npz",
        "metrics.json",
        "eval_history.csv",
        "val_predictions.npz",
        "training.log",
        "spec.json",
    }
    assert (out / "training.log").read_text() == printed
    with open(out / "eval_history.csv") as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2", "3", "4"]
    assert set(history[0]) == {
        "epoch",
        "train_loss",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    }
    metrics = json.loads((out / "metrics.json").read_text())
    best = history[metrics["best_epoch"] - 1]
    assert metrics["validation_loss"] == pytest.approx(float(best["validation_loss"]))
    assert metrics["validation_accuracy"] == pytest.approx(float(best["validation_accuracy"]))
    assert metrics["rows"] == {"train": 480, "validation": 120}
    assert metrics["feature_names"] == spec["features"]
    assert metrics["hyperparameters"]["hidden_layers"] == [8]
    assert metrics["versions"].keys() == {"python", "numpy", "torch"}
    with np.load(out / "val_predictions.npz") as predictions:
        right = (predictions["probability"] > 0.5) == (predictions["y_true"] == 1)
    assert right.mean() == pytest.approx(metrics["validation_accuracy"])


def test_the_validation_loss_reaches_hypertune(
    data: list[str], tmp_path: Path, start: Start
) -> None:
    (tmp_path / "hypertune.py").write_text(
        "class HyperTune:\n"
        "    def report_hyperparameter_tuning_metric(self, **report):\n"
        "        print('reported', sorted(report))\n"
    )
    process = start(
        ["-m", "trainer", *data, *QUICK, f"--model_out={tmp_path / 'out'}"],
        PYTHONPATH=str(tmp_path),
    )
    printed = process.communicate()[0]
    expected = ["global_step", "hyperparameter_metric_tag", "metric_value"]
    assert f"reported {expected}" in printed


def test_a_test_file_is_reported_apart(data: list[str], tmp_path: Path) -> None:
    with np.load(tmp_path / "val_data.npz") as val:
        np.savez(tmp_path / "test.npz", X_test=val["X_val"][:50], y_test=val["y_val"][:50])
    flags = [f"--test={tmp_path / 'test.npz'}", f"--model_out={tmp_path}"]
    assert main([*data, *QUICK, *flags]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["rows"]["test"] == 50
    assert 0 < metrics["test_auc"] <= 1
    assert metrics["test_loss"] != metrics["validation_loss"]
    assert contract.TEST_PREDICTIONS in contract.check_manifest(tmp_path)
    with (
        np.load(tmp_path / contract.TEST_PREDICTIONS) as test,
        np.load(tmp_path / contract.PREDICTIONS) as val,
    ):
        assert test["y_true"].tolist() == val["y_true"][:50].tolist()
        np.testing.assert_allclose(test["probability"], val["probability"][:50], atol=1e-6)


def test_without_model_out_results_go_where_the_platform_says(
    data: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIP_MODEL_DIR", f"{tmp_path}/model/")
    assert main([*data, *QUICK]) == 0
    assert (tmp_path / "model" / "manifest.json").is_file()
    monkeypatch.delenv("AIP_MODEL_DIR")
    monkeypatch.chdir(tmp_path)
    assert main([*data, *QUICK]) == 0
    assert (tmp_path / "manifest.json").is_file()


def test_bad_usage_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--train=x"])
    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith("error: the following arguments are required: --val")


def test_bad_input_is_one_line_status_2_and_nothing_that_looks_whole(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*data, *QUICK, f"--model_out={out}"]) == 0
    capsys.readouterr()
    assert main([*data, "--train=absent.npz", f"--model_out={out}"]) == 2
    line = "error: --train must name a file that exists, got absent.npz\n"
    assert capsys.readouterr().err == line
    assert (out / "training.log").read_text() == line
    assert not (out / "manifest.json").exists()


def test_an_output_directory_that_cannot_be(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as raised:
        main([*data, f"--model_out={tmp_path / 'file' / 'out'}"])
    assert raised.value.code == 2
    assert "the output directory must be writable, got" in capsys.readouterr().err


def test_a_spec_of_other_data_is_refused(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text('{"task": "binary", "features": ["a", "b"]}')
    spec = f"--spec={tmp_path / 'other.json'}"
    assert main([*data, spec, f"--model_out={tmp_path / 'out'}"]) == 2
    assert "the spec must have the 7 features of" in capsys.readouterr().err
    (tmp_path / "other.json").write_text("not json")
    assert main([*data, spec, f"--model_out={tmp_path / 'out'}"]) == 2
    assert "other.json must be a spec that preprocessing wrote, got " in capsys.readouterr().err


def test_a_failure_leaves_its_traceback_in_the_log(
    data: list[str], tmp_path: Path, start: Start
) -> None:
    """An unforeseen error, here a hypertune that breaks: status 1, and the log tells why."""
    (tmp_path / "hypertune.py").write_text("class HyperTune:\n    pass\n")
    out = tmp_path / "out"
    process = start(
        ["-m", "trainer", *data, *QUICK, f"--model_out={out}"], PYTHONPATH=str(tmp_path)
    )
    printed = process.communicate()[0]
    assert process.returncode == 1
    assert (out / "training.log").read_text() == printed
    assert "Traceback" in printed and "AttributeError" in printed
    assert not (out / "manifest.json").exists()


def test_a_loss_that_is_lost_stops_before_the_step(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--learning_rate=1e30", "--batch_size=100", f"--model_out={tmp_path}"]
    assert main([*data, *flags]) == 1
    error = capsys.readouterr().err
    assert "the loss must be finite, got " in error
    assert "in epoch 1, batch 2; the largest gradient is " in error


def test_importing_needs_numpy_and_torch_alone() -> None:
    code = (
        "import sys\n"
        "for name in ('kfp', 'google', 'polars', 'pandas', 'sklearn'): sys.modules[name] = None\n"
        "import trainer.__main__, trainer.train\n"
        "assert not any(n.startswith(('pipelines', 'components')) for n in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The first two steps, called as KFP calls them, with artifacts on local paths."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kfp import dsl

from components.code import Code
from components.objects import fingerprint
from components.preprocess import preprocess
from components.snapshot import snapshot
from pipelines.project.sample import sample_schema, write_sample
from trainer.contract import sha256_of


def preprocessed(
    csv: Path, outputs: Path, schema: dict[str, Any], test_size: float = 0.0
) -> tuple[dict[str, dsl.Artifact], str]:
    """The artifacts, and the URI of the test rows."""
    artifacts = {
        "train_data": dsl.Dataset(uri=str(outputs / "train_data")),
        "val_data": dsl.Dataset(uri=str(outputs / "val_data")),
        "preprocessing_spec": dsl.Artifact(uri=str(outputs / "preprocessing_spec")),
        "profile": dsl.HTML(uri=str(outputs / "profile")),
    }
    (test_data,) = (
        Code.in_image("any")
        .component(preprocess)
        .python_func(
            csv=str(csv),
            fingerprint=fingerprint(str(csv)),
            schema=schema,
            fit_on="train",
            dtype="float32",
            val_size=0.2,
            test_size=test_size,
            split_seed=42.0,  # numbers in a KFP pipeline are doubles
            max_unseen=0.05,
            shard_rows=10_000_000,
            **artifacts,
        )
    )
    return artifacts, test_data


def test_the_arrays_and_what_is_known_of_them(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.csv", rows=50, seed=1)
    csv, out = tmp_path / "sample.csv", tmp_path / "out"
    artifacts, test_data = preprocessed(csv, out, sample_schema())
    assert test_data == ""
    assert Path(artifacts["profile"].uri).read_text().startswith("<!DOCTYPE html>")
    for name, key, rows in (("train_data", "X_train", 40), ("val_data", "X_val", 10)):
        artifact = artifacts[name]
        assert artifact.uri == str(tmp_path / "out" / f"{name}.npz")
        with np.load(artifact.uri) as arrays:
            assert arrays[key].shape == (rows, 7)
        assert artifact.metadata["rows"] == rows
        assert artifact.metadata["features"] == 7
        assert artifact.metadata["dtype"] == "float32"
        assert artifact.metadata["sha256"] == sha256_of(Path(artifact.uri))
        assert artifact.metadata["fingerprint"] == fingerprint(str(csv))
    spec = json.loads(Path(artifacts["preprocessing_spec"].uri).read_text())
    names = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
    assert (spec["features"], spec["task"], spec["target"]) == (names, "binary", "Survived")


def test_rows_that_are_held_out(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.csv", rows=50, seed=1)
    csv, out = tmp_path / "sample.csv", tmp_path / "out"
    artifacts, test_data = preprocessed(csv, out, sample_schema(), test_size=0.1)
    assert artifacts["train_data"].metadata["rows"] == 35
    with np.load(test_data) as arrays:
        assert arrays["X_test"].shape == (5, 7)


def test_a_csv_that_will_not_do_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text("Survived,Age\n1,22\n0,30\n")
    with pytest.raises(SystemExit) as stopped:
        preprocessed(tmp_path / "bad.csv", tmp_path / "out", sample_schema())
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not list(tmp_path.glob("out/*"))


def test_the_fingerprint_is_of_the_bytes(tmp_path: Path) -> None:
    call = Code.in_image("any").component(snapshot).python_func
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    first = call(csv=str(path))
    assert first == (str(path), f"sha256:{sha256_of(path)}")
    path.touch()
    assert call(csv=str(path)) == first
    path.write_text("a\n2\n")
    assert call(csv=str(path)) != first


@pytest.mark.parametrize(
    ("csv", "complaint"),
    [("no.csv", "no.csv: there is no such file"), ("/proc/self/mem", "mem: Input/output error")],
)
def test_no_csv(csv: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    if csv.startswith("/proc") and not Path(csv).exists():
        pytest.skip("there is no /proc on this system")
    with pytest.raises(SystemExit) as stopped:
        Code.in_image("any").component(snapshot).python_func(csv=csv)
    assert stopped.value.code == 2
    assert complaint in capsys.readouterr().err

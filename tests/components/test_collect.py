"""Collecting a run: what is published, and what is said of a run that is not whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from kfp import dsl

from components.code import Code
from components.collect import collect
from trainer.__main__ import main

JOB = "projects/1/locations/us-central1/customJobs/42"


def outputs(tmp_path: Path) -> dict[str, dsl.Artifact]:
    return {
        "model": dsl.Model(uri=str(tmp_path / "out" / "model")),
        "metrics": dsl.Metrics(uri=str(tmp_path / "out" / "metrics")),
        "classification_metrics": dsl.ClassificationMetrics(uri=str(tmp_path / "out" / "c")),
        "eval_history": dsl.Dataset(uri=str(tmp_path / "out" / "eval_history")),
        "training_log": dsl.Artifact(uri=str(tmp_path / "out" / "training_log")),
        "report": dsl.HTML(uri=str(tmp_path / "out" / "report")),
    }


def collected(run_directory: Path, tmp_path: Path) -> dict[str, dsl.Artifact]:
    component = Code.in_image("any").component(collect)
    artifacts = outputs(tmp_path)
    component.python_func(
        run_directory=dsl.Artifact(uri=str(run_directory)),
        gcp_resources=JOB,
        **artifacts,
    )
    return artifacts


def test_each_artifact_is_where_its_file_is(run_directory: Path, tmp_path: Path) -> None:
    artifacts = collected(run_directory, tmp_path)
    names = {
        "model": "model.pt",
        "metrics": "metrics.json",
        "eval_history": "eval_history.csv",
        "training_log": "training.log",
    }
    for artifact, name in names.items():
        assert artifacts[artifact].uri == str(run_directory / name)
        assert Path(artifacts[artifact].uri).is_file()


def test_the_console_gets_finite_figures_and_curves(run_directory: Path, tmp_path: Path) -> None:
    artifacts = collected(run_directory, tmp_path)
    recorded = json.loads((run_directory / "metrics.json").read_text())
    metrics = artifacts["metrics"].metadata
    assert metrics["validation_accuracy"] == recorded["validation_accuracy"]
    assert metrics["best_epoch"] == recorded["best_epoch"]
    shown = artifacts["classification_metrics"].metadata
    assert 2 <= len(shown["confidenceMetrics"]) <= 200
    rows = [row["row"] for row in shown["confusionMatrix"]["rows"]]
    assert sum(map(sum, rows)) == recorded["rows"]["validation"]
    for artifact in artifacts.values():
        json.dumps(artifact.metadata, allow_nan=False)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("named", [False, True], ids=["codes", "texts"])
def test_no_metadata_is_null_or_not_finite(task: str, named: bool, tmp_path: Path) -> None:
    """Kubeflow's launcher fails at a null; as of a regression, which has no classes, and of an AUC
    of validation rows that are all of one class."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3))
    y = {"binary": x[:, 0] > 0, "multiclass": np.digitize(x[:, 0], [-1, 1]), "regression": x[:, 0]}
    y_train, y_val = y[task][:40] * 1, np.full(20, y[task][0] * 1)
    np.savez(tmp_path / "train.npz", X_train=x[:40], y_train=y_train)
    np.savez(tmp_path / "val.npz", X_val=x[40:], y_val=y_val)
    flags = [f"--train={tmp_path / 'train.npz'}", f"--val={tmp_path / 'val.npz'}"]
    if named:
        spec = {"task": task, "feature_names": ["a", "b", "c"]}
        classes = {"binary": ["no", "yes"], "multiclass": ["low", "middle", "high"]}
        (tmp_path / "spec.json").write_text(json.dumps({**spec, "classes": classes.get(task)}))
        flags.append(f"--spec={tmp_path / 'spec.json'}")
    else:
        flags.append(f"--task={task}")
    assert main([*flags, "--epochs=2", f"--model_out={tmp_path / 'run'}"]) == 0
    for name, artifact in collected(tmp_path / "run", tmp_path).items():
        written = json.dumps(artifact.metadata, allow_nan=False)
        assert "null" not in written, name
        assert name not in ("model", "metrics") or artifact.metadata


def test_the_report_is_one_page_beside_the_other_outputs(
    run_directory: Path, tmp_path: Path
) -> None:
    report = collected(run_directory, tmp_path)["report"]
    assert report.uri == str(tmp_path / "out" / "report.html")
    page = Path(report.uri).read_text()
    assert "data.csv" in page and "Logistic regression" in page


def test_it_changes_nothing_in_the_run_directory(run_directory: Path, tmp_path: Path) -> None:
    def files() -> dict[Path, tuple[bytes, int]]:
        return {
            path: (path.read_bytes(), path.stat().st_mtime_ns) for path in run_directory.iterdir()
        }

    before = files()
    collected(run_directory, tmp_path)
    assert files() == before


@pytest.mark.parametrize("name", ["model.pt", "metrics.json", "eval_history.csv", "manifest.json"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_run_that_is_not_whole_is_refused(
    run_directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: str,
) -> None:
    last_line = (run_directory / "training.log").read_text().splitlines()[-1]
    if damage == "missing":
        (run_directory / name).unlink()
    else:
        (run_directory / name).write_bytes(b"other bytes")
    with pytest.raises(SystemExit) as stopped:
        collected(run_directory, tmp_path)
    assert stopped.value.code == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and message.startswith("error: ")
    for part in (name, JOB, last_line):
        assert part in message

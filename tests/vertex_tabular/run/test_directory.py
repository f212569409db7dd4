"""The reader of a run directory: each file is checked before it is used, and once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.conftest import write_data
from trainer import contract
from trainer.__main__ import main
from trainer.errors import TabularError
from vertex_tabular.run.directory import RunDirectory, last_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run directory of a short training on arrays."""
    assert main([*write_data(tmp_path), "--epochs=3", f"--model_out={tmp_path / 'run'}"]) == 0
    return tmp_path / "run"


def test_it_reads_what_training_wrote(path: Path) -> None:
    run = RunDirectory(str(path))
    run.verify()
    assert run.task == "binary" and run.classes == ["0", "1"] and run.target == "target"
    assert run.spec is None and len(run.history["epoch"]) == run.metrics["epochs"]
    assert run.y.shape == run.predictions.shape == (run.metrics["rows"]["validation"],)
    assert run.log == (path / contract.LOG).read_text().splitlines()
    assert run.log[-1] in last_lines(str(path))


def test_only_the_file_that_is_read_must_be_there(path: Path) -> None:
    (path / contract.MODEL).unlink()
    (path / contract.HISTORY).write_text("epoch\n")
    run = RunDirectory(path)
    assert run.metrics["task"] == "binary"
    with pytest.raises(TabularError, match=r"eval_history\.csv must have sha256"):
        _ = run.history
    with pytest.raises(TabularError, match=r"model\.pt is missing"):
        run.file(contract.MODEL)
    with pytest.raises(TabularError, match="must have other, got .*run without it"):
        run.file("other")


def test_a_file_is_read_and_hashed_once(path: Path) -> None:
    run = RunDirectory(path)
    run.verify()
    for name in run.files:
        (path / name).chmod(0o644)
        (path / name).write_bytes(b"changed")
    run.verify()  # would fail at any of them


def test_the_same_run_on_other_rows(path: Path) -> None:
    run = RunDirectory(path)
    other = run.on(np.array([1]), np.array([0.5], np.float32))
    assert other.predictions.tolist() == [0.5] and other.metrics == run.metrics
    assert len(run.predictions) == run.metrics["rows"]["validation"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"has no manifest\.json: its run did not finish"),
        ("{", "is damaged"),
        ('{"files": []}', "is damaged"),
        ('{"files": {"../x": {"sha256": ""}}}', "must list names of files, got '../x'"),
        ('{"files": {"model.pt": 3}}', "is damaged"),
    ],
)
def test_a_run_that_did_not_finish_is_refused(path: Path, content: Any, said: str) -> None:
    (path / contract.MANIFEST).unlink()
    if content is not None:
        (path / contract.MANIFEST).write_text(content)
    with pytest.raises(TabularError, match=said):
        RunDirectory(path)


def test_a_directory_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TabularError, match=r"absent has no manifest\.json: its run did not finish"):
        RunDirectory(tmp_path / "absent")
    assert last_lines(str(tmp_path)) == "there is no training.log"

"""The log, and the files written side by side."""

import json
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import contract, outputs
from trainer.errors import TabularError


def test_the_log_is_a_copy_of_both_streams(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with outputs.Log(tmp_path).recording(append=False):
        print("one")
        print("two", file=sys.stderr)
    with outputs.Log(tmp_path).recording(append=True):
        print("three: café")
    printed = capsys.readouterr()
    assert (printed.out.splitlines()[0], printed.err) == ("one", "two\n")
    assert (tmp_path / "training.log").read_text() == "one\ntwo\nthree: café\n"


@pytest.mark.parametrize("append", [False, True])
def test_on_a_mounted_bucket_the_log_is_copied_whole(
    tmp_path: Path, append: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "gcs" / "bucket" / "run"
    directory.mkdir(parents=True)
    (directory / "training.log").write_text("before\n")
    monkeypatch.setenv("TABPIPE_GCS", str(tmp_path / "gcs"))
    with outputs.Log(directory).recording(append):
        print("within")
        kept = "before\n" if append else ""
        assert (directory / "training.log").read_text() == kept  # published as it began
    assert (directory / "training.log").read_text() == kept + "within\n"


def test_a_run_that_begins_takes_the_mark_of_wholeness_away(tmp_path: Path) -> None:
    (tmp_path / contract.MANIFEST).write_text("{}")
    with outputs.Log(tmp_path).recording(append=False):
        assert not (tmp_path / contract.MANIFEST).exists()


def test_a_log_that_cannot_be_written_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is itself printed, and so comes to the log again."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # like a disk with 500 bytes left
    try:
        with outputs.Log(tmp_path).recording(append=False):
            with pytest.raises(TabularError, match="cannot write .*training.log: File too large"):
                for number in range(100):
                    print(f"line {number:6}")
            print("the error")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    *_, last, error = capsys.readouterr().out.splitlines()
    assert (last, error) == (f"line {number:6}", "the error")


def test_what_a_kill_left_half_written_goes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".model.pt.1.tmp").touch()
    (tmp_path / ".mine.tmp").touch()
    with outputs.Log(tmp_path).recording(append=True):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".mine.tmp", "training.log"}


def write(directory: Path) -> list[str]:
    return outputs.write(
        directory,
        {"0.weight": torch.arange(6.0).view(2, 3)},
        {"loss": 0.5, "auc": float("nan"), "rows": {"train": 3}},
        [{"epoch": 1, "loss": 0.1 + 0.2}, {"epoch": 2, "loss": 0.25}],
        {
            contract.PREDICTIONS: {
                "y_true": np.array([0, 1]),
                "probability": np.array([0.25, 0.5], np.float32),
            }
        },
        b'{"task": "binary"}',
    )


def test_the_files_of_a_run(tmp_path: Path) -> None:
    names = write(tmp_path)
    contract.write_manifest(tmp_path, names)
    assert sorted(contract.check_manifest(tmp_path)) == sorted(names)
    # JSON has no NaN: an AUC of rows of one class is null.
    assert json.loads((tmp_path / "metrics.json").read_text())["auc"] is None
    history = (tmp_path / "eval_history.csv").read_text()
    assert history == "epoch,loss\n1,0.30000000000000004\n2,0.25\n"
    assert (tmp_path / "spec.json").read_bytes() == b'{"task": "binary"}'


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for name in write(tmp_path / "a") and write(tmp_path / "b"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_file(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # like a disk with 500 bytes left
    try:
        with pytest.raises(TabularError, match="cannot write .*model.pt: File too large"):
            write(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []

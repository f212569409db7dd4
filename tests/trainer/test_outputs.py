"""The files that a run writes side by side."""

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import contract, outputs
from trainer.errors import TabularError


def write(directory: Path) -> list[str]:
    return outputs.write(
        directory,
        {"0.weight": torch.arange(6.0).view(2, 3)},
        {"loss": 0.5, "auc": float("nan"), "rows": {"train": 3}},
        {contract.HISTORY: [{"epoch": 1, "loss": 0.1 + 0.2}, {"epoch": 2, "loss": 0.25}]},
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


def test_the_weights_are_those_of_the_model(tmp_path: Path) -> None:
    write(tmp_path)
    state = torch.load(tmp_path / contract.MODEL, weights_only=True)
    with np.load(tmp_path / contract.WEIGHTS, allow_pickle=False) as weights:
        assert weights.files == list(state)
        assert (weights["0.weight"] == state["0.weight"].numpy()).all()


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


def test_what_a_dead_process_left_of_a_file_goes(tmp_path: Path) -> None:
    dead, alive = 2**22 + 1, os.getppid()
    left = [tmp_path / f".answers.csv.{process}.tmp" for process in (dead, os.getpid())]
    others = [
        tmp_path / f".answers.csv.{alive}.tmp",
        tmp_path / f".more.csv.{dead}.tmp",
        tmp_path / ".answers.csv.notes.tmp",
    ]
    for path in [*left, *others]:
        path.touch()
    with contract.atomic_write(tmp_path / "answers.csv") as file:
        file.write(b"1")
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
    contract.remove_leftovers(tmp_path, "*.csv")
    assert [path.name for path in tmp_path.glob(".*.tmp")] == [".answers.csv.notes.tmp"]

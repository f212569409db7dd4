"""The line on how far a training is agrees with what it leaves."""

import csv
import json
from pathlib import Path

import pytest

from tests.trainer.conftest import write_data
from trainer import contract
from trainer.__main__ import main
from vertex_tabular.pages.formatting import decimal
from vertex_tabular.run.progress import training_progress


def test_the_last_line_is_the_last_epoch(tmp_path: Path) -> None:
    flags = [*write_data(tmp_path), "--epochs=30", "--patience=3", "--learning_rate=0.05"]
    assert main([*flags, f"--model_out={tmp_path / 'run'}"]) == 0
    with open(tmp_path / "run" / contract.HISTORY, newline="") as file:
        *_, last = csv.DictReader(file)
    metrics = json.loads((tmp_path / "run" / contract.METRICS).read_bytes())
    said = training_progress(tmp_path / "run")
    losses = [decimal(float(last[name])) for name in ("train_loss", "validation_loss")]
    assert said.startswith(
        f"epoch {last['epoch']} of at most 30, train loss {losses[0]}, validation {losses[1]}, "
    )
    assert f" at {metrics['best_epoch']}, at most " in said


def test_the_candidates_come_before_the_epochs(tmp_path: Path) -> None:
    flags = [*write_data(tmp_path), "--model=auto", "--epochs=2"]
    assert main([*flags, f"--model_out={tmp_path / 'run'}"]) == 0
    whole = (tmp_path / "run" / contract.PROGRESS).read_text().splitlines()
    said = []
    for number in range(1, len(whole) + 1):
        (tmp_path / contract.PROGRESS).write_text("\n".join(whole[:number]) + "\n{half")
        said.append(training_progress(tmp_path))
    assert said[0] == "candidate 1 of 5, sparse"
    assert said[4].startswith("candidate 5 of 5, linear; best ")
    assert [line.split(",")[0] for line in said[5:8]] == [
        "finalist 1 of 3",
        "finalist 2 of 3",
        "finalist 3 of 3",
    ]
    assert [line.split(",")[0] for line in said[8:]] == [
        "epoch 1 of at most 2",
        "epoch 2 of at most 2",
    ]


@pytest.mark.parametrize("content", ["", "{", "{}\n", "[]\n", '{"epoch": "x"}\n', "\0\n", "1\n"])
def test_what_is_not_whole_says_nothing(content: str, tmp_path: Path) -> None:
    assert training_progress(tmp_path) == ""
    (tmp_path / contract.PROGRESS).write_text(content)
    assert training_progress(tmp_path) == ""

"""Killed at random moments and started again, training leaves what it would have left anyway.

make chaos        at least 30 kills; `make test` has a handful
"""

import csv
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer import contract

pytestmark = pytest.mark.slow

Start = Callable[..., Any]


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    """A run of a second or two whose epochs have several blocks, each followed by a checkpoint."""
    generator = np.random.default_rng(5)
    x = generator.integers(-1, 2, (200_000, 3)).astype(np.int8)
    y = (x[:, 0] * x[:, 1] + generator.logistic(size=len(x)) > 0).astype(np.int8)
    np.savez(tmp_path / "train_data.npz", X_train=x, y_train=y)
    np.savez(tmp_path / "val_data.npz", X_val=x[:20_000], y_val=y[:20_000])
    return [
        "-m",
        "trainer",
        f"--train={tmp_path / 'train_data.npz'}",
        f"--val={tmp_path / 'val_data.npz'}",
        "--batch_size=256",
        "--epochs=8",
        "--checkpoint_every=1",
        "--checkpoint_minutes=0.0001",
    ]


def epochs_of(directory: Path) -> list[list[str]]:
    """eval_history.csv without its last column, which is time."""
    with open(directory / contract.HISTORY) as file:
        return [row[:-1] for row in csv.reader(file)]


def survives(start: Start, flags: list[str], directory: Path, kills: int) -> None:
    """Starts and kills runs until `kills` of them were killed, each finished one compared."""
    whole = directory / "whole"
    began = time.monotonic()
    assert start([*flags, f"--model_out={whole}"]).wait(120) == 0
    duration = time.monotonic() - began

    moments = random.Random(7)
    killed = finished = 0
    while killed < kills or not finished:
        out, saved = directory / f"out{finished}", directory / f"saved{finished}"
        process = start([*flags, f"--model_out={out}", f"--checkpoint_dir={saved}"])
        patience = duration * moments.uniform(0.2, 1.1) if killed < kills else 120
        try:
            assert process.wait(patience) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            continue
        contract.check_manifest(out)
        model = (out / contract.MODEL).read_bytes()
        assert model == (whole / contract.MODEL).read_bytes(), f"after {killed} kills"
        assert epochs_of(out) == epochs_of(whole)
        finished += 1


def test_a_handful_of_kills(flags: list[str], tmp_path: Path, start: Start) -> None:
    survives(start, flags, tmp_path, kills=4)


@pytest.mark.chaos
def test_many_kills(flags: list[str], tmp_path: Path, start: Start) -> None:
    survives(start, flags, tmp_path, kills=40)

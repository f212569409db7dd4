"""Killed and started again, training leaves what it would have left anyway: killed at random
moments, and before each file that it opens, renames or removes.

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


def survives(start: Start, flags: list[str], directory: Path, kills: int) -> str:
    """Starts and kills runs until `kills` of them were killed, each finished one compared; says how
    many there were."""
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
    return f"{killed} kills of the trainer; {finished} trainings ended with the same model.pt"


BEFORE_EACH_FILE = """
import os, signal, sys, traceback
from trainer.__main__ import main
import trainer.train

def run(directory, moment):
    # Ends with status 0, or by SIGKILL before it touches its `moment`th file in `directory`.
    flags = [f"--model_out={directory}/out", f"--checkpoint_dir={directory}/saved"]
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    touched = 0

    def count(event, arguments):
        nonlocal touched
        if event in ("open", "os.rename", "os.remove") and str(arguments[0]).startswith(directory):
            touched += 1
            if touched == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    os._exit(main([*sys.argv[2:], *flags]))

moment, status = 0, signal.SIGKILL
while status == signal.SIGKILL:
    moment += 1
    directory = f"{sys.argv[1]}/{moment:03}"
    status = run(directory, moment)
    assert status in (0, signal.SIGKILL), status
    assert run(directory, 0) == 0
"""


def test_killed_before_each_file(data: list[str], tmp_path: Path, start: Start) -> None:
    flags = [*data, "--epochs=3", "--checkpoint_every=1", "--threads=1"]
    process = start(["-c", BEFORE_EACH_FILE, str(tmp_path / "killed"), *flags])
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    *killed, whole = sorted((tmp_path / "killed").iterdir())
    assert len(killed) > 20  # a log, three checkpoints, seven files of results
    for run in killed:
        contract.check_manifest(run / "out")
        assert epochs_of(run / "out") == epochs_of(whole / "out")
        for name in (contract.MODEL, contract.PREDICTIONS):
            assert (run / "out" / name).read_bytes() == (whole / "out" / name).read_bytes(), run
        left = {path.name for path in (run / "out").iterdir()}
        assert left == {path.name for path in (whole / "out").iterdir()}
        saved = [path.name for path in (run / "saved").iterdir()]
        assert all(name.startswith("checkpoint-") for name in saved)  # no temporary file
        assert len(saved) <= 3  # two, and one that the kill kept from being removed


def test_a_handful_of_kills(flags: list[str], tmp_path: Path, start: Start) -> None:
    survives(start, flags, tmp_path, kills=4)


@pytest.mark.chaos
def test_many_kills(
    flags: list[str], tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    told = survives(start, flags, tmp_path, kills=40)
    with capsys.disabled():
        print(f"\n{told}")

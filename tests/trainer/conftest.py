"""Data and processes for the tests of training."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from trainer import contract
from trainer.__main__ import main
from trainer.checkpoint import Sigterm

REPOSITORY = Path(__file__).parents[2]


def write_data(directory: Path, rows: int = 600, features: int = 7, seed: int = 0) -> list[str]:
    """Writes train_data.npz and val_data.npz of a learnable two-valued target; returns the flags
    that name them."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, features)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + random.logistic(size=rows) * 0.3 > 0).astype(np.int64)
    cut = rows * 4 // 5
    np.savez(directory / "train_data.npz", X_train=x[:cut], y_train=y[:cut])
    np.savez(directory / "val_data.npz", X_val=x[cut:], y_val=y[cut:])
    return [f"--train={directory / 'train_data.npz'}", f"--val={directory / 'val_data.npz'}"]


class StopAfter(Sigterm):
    """A SIGTERM that comes at the look of that number."""

    deferred = True

    def __init__(self, looks: int) -> None:
        self.left = looks

    @property
    def requested(self) -> bool:  # type: ignore[override]
        self.left -= 1
        return self.left < 0


def train(directory: Path, *flags: str) -> dict[str, Any]:
    assert main([*flags, f"--model_out={directory}"]) == 0
    metrics: dict[str, Any] = json.loads((directory / contract.METRICS).read_text())
    return metrics


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    """The flags --train and --val, of 480 and 120 rows of 7 features."""
    return write_data(tmp_path)


class Process(subprocess.Popen[str]):
    """A Python program in its own process, its stderr in its stdout."""

    def __init__(self, arguments: Sequence[str], **environment: str) -> None:
        super().__init__(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def take_away(self) -> None:
        """SIGKILL for it and all that it started, as when its machine is taken away."""
        if self.poll() is not None:  # its id may be another process's by now
            return
        parent = psutil.Process(self.pid)
        for victim in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        self.wait()


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts processes, all of which are gone when the test ends."""
    started: list[Process] = []

    def start(arguments: Sequence[str], **environment: str) -> Process:
        started.append(Process(arguments, **environment))
        return started[-1]

    yield start
    for process in started:
        process.take_away()
        assert process.stdout
        process.stdout.close()

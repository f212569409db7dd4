"""A finished training run to collect, made by the trainer itself."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of a short training on 60 made-up rows."""
    directory = tmp_path_factory.mktemp("trained")
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3))
    y = (x[:, 0] + random.normal(size=60) > 0).astype(np.int64)
    np.savez(directory / "train.npz", X_train=x[:40], y_train=y[:40])
    np.savez(directory / "val.npz", X_val=x[40:], y_val=y[40:])
    origin = {"source": "data.csv", "fingerprint": "sha256:0"}
    spec = {"task": "binary", "features": ["a", "b", "c"], "origin": origin}
    (directory / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "trainer", "--epochs=5", f"--model_out={directory / 'run'}"]
    command += [f"--train={directory / 'train.npz'}", f"--val={directory / 'val.npz'}"]
    subprocess.run(command, check=True, capture_output=True)
    return directory / "run"


@pytest.fixture
def run_directory(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained` that the test may damage."""
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    return copy

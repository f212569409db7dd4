"""Running the `tabpipe` command as a user does: a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]
TIMEOUT_SECONDS = 120


@pytest.fixture
def tabpipe(tmp_path: Path) -> Tabpipe:
    """Runs `tabpipe ARGUMENT …` in a directory of the test's own."""

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pipelines", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One run of the main job on a sample: its directory, and what `--json` printed."""
    root = tmp_path_factory.mktemp("finished")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TABPIPE")}
    command = [sys.executable, "-m", "pipelines", "run", "--json", "--set", "epochs=60"]
    result = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )
    assert result.returncode == 0, result.stderr
    printed: dict[str, Any] = json.loads(result.stdout)
    return root / "runs" / printed["run_id"], printed

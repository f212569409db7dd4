"""Running the `tabpipe` command: as a user does, in a process of its own, or many in one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.shell import TIMEOUT_SECONDS, Shell

Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]


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
def shared_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with closing(Shell(tmp_path_factory.mktemp("shell"), os.environ)) as shell:
        yield shell


@pytest.fixture
def shell(shared_shell: Shell, tmp_path: Path) -> Shell:
    """Runs `tabpipe` commands in a directory of the test's own, in a process that tests share: for
    a test of many commands, each of which would take a second to start."""
    shared_shell.go_to(tmp_path)
    return shared_shell


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One run of the main job on a sample: its directory, and what `--json` printed. Its model is
    the one that its figures are of."""
    root = tmp_path_factory.mktemp("finished")
    command = [sys.executable, "-m", "pipelines", "run", "--sample", "--json"]
    command += ["--set", "epochs=60", "--set", "refit=none"]
    result = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )
    assert result.returncode == 0, result.stderr
    printed: dict[str, Any] = json.loads(result.stdout)
    return root / "runs" / printed["run_id"], printed

"""The examples do what they say, in a directory of their own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import TIMEOUT_SECONDS

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(directory: Path, *command: str) -> str:
    result = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_python_api(tmp_path: Path) -> None:
    run(tmp_path, "-m", "pipelines", "sample", "passengers.csv", "--rows", "200")
    printed = run(tmp_path, str(EXAMPLES / "python_api.py"), "passengers.csv", "Survived")
    assert "accuracy" in printed and "Survived" in printed


def test_the_notebook_runs_in_its_project(tmp_path: Path) -> None:
    directory = shutil.copytree(EXAMPLES / "titanic", tmp_path / "titanic")
    run(directory, "-m", "pipelines", "sample", "passengers.csv", "--rows", "200")
    run(directory, "-m", "pipelines", "run")
    cells = json.loads((directory / "notebook.ipynb").read_text())["cells"]
    program = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    run(directory, "-c", program)

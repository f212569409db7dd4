"""Images without Docker: the Dockerfile's COPY and RUN lines in an empty directory and environment,
and what a stock image installs when a step starts.

make image-test    installs everything that the locks name, which takes minutes and a package index
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from components.code import STEP_LOCKS, TRAINING_LOCKS, Code
from pipelines.vertex import packages

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order: ("RUN", "python -m pip …")."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    return [
        (kind, rest)
        for kind, _, rest in (line.partition(" ") for line in lines if line)
        if kind != "#"
    ]


def copy(sources: list[str], target: Path) -> None:
    """COPY: a directory's content, or files."""
    for source in sources:
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, target)


def test_it_has_only_instructions_that_the_other_test_knows() -> None:
    kinds = [kind for kind, _ in instructions()]
    # ARG has a default that the RUN lines share, and ENV names what is mounted on Vertex AI only.
    assert kinds[0] == "FROM" and set(kinds) == {"FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN"}


def test_every_file_that_it_copies_is_in_the_repository() -> None:
    copied = [rest.split()[:-1] for kind, rest in instructions() if kind == "COPY"]
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    for source in sum(copied, []):
        assert any(re.match(rf"{re.escape(source)}(/|$)", path) for path in tracked), source


@pytest.mark.image
@pytest.mark.slow
def test_what_it_builds_runs_every_step(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    venv.create(tmp_path / "env", with_pip=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    environment["PATH"] = f"{tmp_path / 'env' / 'bin'}:{environment['PATH']}"

    def run(command: list[str], cwd: Path) -> str:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    for kind, rest in instructions():
        if kind == "COPY":
            *sources, target = rest.split()
            copy(sources, app / target)
        elif kind == "RUN":
            run(["/bin/sh", "-c", rest], app)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "SUCCEEDED" in run(
        ["tabpipe", "run", "--sample", "--json", "--set", "epochs=2"], elsewhere
    )
    where = run(["python", "-c", "import trainer; print(trainer.__file__)"], elsewhere)
    assert Path(where.strip()).is_relative_to(tmp_path / "env")
    assert sys.prefix not in where


@pytest.mark.image
@pytest.mark.slow
@pytest.mark.skipif(
    (sys.platform, sys.version_info[:2], platform.machine()) != ("linux", (3, 11), "x86_64"),
    reason="the lists are of the stock image",
)
@pytest.mark.parametrize(
    ("locks", "program"),
    [
        (STEP_LOCKS, "from components import collect, predict, preprocess, snapshot"),
        (TRAINING_LOCKS, "import torch, trainer.run; print(torch.__version__)"),
    ],
)
def test_a_stock_image_installs_its_lists_and_runs(
    tmp_path: Path, locks: tuple[str, ...], program: str
) -> None:
    name, content = packages.build_wheel()
    (tmp_path / name).write_bytes(content)
    venv.create(tmp_path / "env", with_pip=True)
    command = Code.in_package(f"gs://b/{name}").command(["python", "-c", program], locks)
    command[2] = command[2].replace("/gcs/b", str(tmp_path))
    environment = {
        "PATH": f"{tmp_path / 'env' / 'bin'}:{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "_KFP_RUNTIME": "true",  # as kfp's own command sets it
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

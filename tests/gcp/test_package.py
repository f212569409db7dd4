"""Without an image: what `tabpipe submit` uploaded, and the command by which each step installs it.

That the wheel trains in an empty environment is in tests/pipelines/vertex/test_packages.py; that
its lists install, in tests/test_image.py, which needs a package index.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.code import STEP_LOCKS, TRAINING_LOCKS, Code
from pipelines.vertex import packages
from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.shell import Shell

pytestmark = pytest.mark.slow

WHERE = "import trainer, pipelines; print(trainer.__file__, pipelines.__file__)"
# Stands in for the container's python: the lists need a package index, all else is done.
PYTHON = f"""#!/bin/sh
case "$*" in *--require-hashes*) echo "$@" >> "$HOME/installed"; exit 0;; esac
exec {sys.executable} "$@"
"""


@pytest.fixture
def gcs(recorder: Cloud, recorded: Shell) -> Path:
    """What Vertex AI mounts as /gcs after a submission: the buckets as directories."""
    for uri in recorder.storage.uris(f"gs://{BUCKET}/tabular/packages/"):  # of other tests
        recorder.storage.delete(uri)
    result = recorded("submit", CSV)
    assert result.status == 0, result.stderr
    recorder.storage.pull()
    return recorder.storage.directory


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a container in which a command runs."""
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(PYTHON)
    program.chmod(0o755)
    target = str(tmp_path / "target")
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    return {**environ, "PIP_TARGET": target, "PYTHONPATH": target}


def test_each_step_installs_it_by_the_command_that_was_sent(
    recorder: Cloud, gcs: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (request,) = recorder.calls("CreatePipelineJob")
    scripts = list(installations(type(request.pipeline_job).to_dict(request.pipeline_job)))
    assert len(scripts) == 3  # snapshot, preprocess, collect
    (script,) = set(scripts)
    (wheel,) = gcs.joinpath(BUCKET, "tabular", "packages").glob("*/*.whl")
    assert wheel.read_bytes() == packages.build_wheel()[1]
    installed = subprocess.run(
        ["sh", "-c", script.replace("/gcs/", f"{gcs}/"), "python", "-c", WHERE],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout.count(environ["PIP_TARGET"]) == 2
    asked = (tmp_path / "installed").read_text()
    assert "--require-hashes" in asked and "--no-deps --only-binary=:all:" in asked


def test_the_signal_of_a_preemption_reaches_the_program(
    gcs: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (wheel,) = gcs.joinpath(BUCKET, "tabular", "packages").glob("*/*.whl")
    code = Code.in_package(f"gs://{wheel.relative_to(gcs)}")
    wait = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = code.command(["python", "-c", wait], TRAINING_LOCKS)
    command[2] = command[2].replace("/gcs/", f"{gcs}/")
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and int(process.stdout.readline()) == process.pid
    process.terminate()
    assert process.wait(60) == -signal.SIGTERM
    process.stdout.close()


def test_every_package_of_the_lists_is_pinned_and_hashed_in_the_version_of_the_lock() -> None:
    root = Path(packages.__file__).parents[2]
    lock = [line.split(" ")[0] for line in (root / "requirements.lock").read_text().splitlines()]
    for name in (*STEP_LOCKS, *TRAINING_LOCKS):
        text = (root / "pipelines" / "vertex" / "locks" / name).read_text().replace("\\\n", "")
        lines = [line for line in text.splitlines() if line[0] not in "#-"]
        assert lines
        for line in lines:
            assert line.split(" ")[0].replace("+cpu", "") in lock, line
            assert "--hash=sha256:" in line, line


def installations(job: dict[str, Any]) -> list[str]:
    """The scripts by which steps install packages before they start."""
    executors = job["pipeline_spec"]["deploymentSpec"]["executors"].values()
    commands = [executor["container"]["command"] for executor in executors]
    return [command[2] for command in commands if command[:2] == ["sh", "-c"]]

"""Package mode: what `tabpipe submit` uploaded, and the command by which each step installs it.

That the same wheel trains in an empty environment is in tests/pipelines/vertex/test_packages.py.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform_v1 as vertex

from pipelines.vertex import packages
from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.shell import Shell

pytestmark = pytest.mark.slow

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
WHERE = "import trainer, pipelines; print(trainer.__file__, pipelines.__file__)"


@pytest.fixture
def gcs(recorder: Cloud, recorded: Shell) -> Path:
    """What Vertex AI mounts as /gcs after a submission: the buckets as directories."""
    result = recorded("submit", "--csv", CSV)
    assert result.status == 0, result.stderr
    recorder.storage.pull()
    return recorder.storage.directory


def test_each_step_installs_it_by_the_command_that_was_sent(
    recorder: Cloud, gcs: Path, tmp_path: Path
) -> None:
    (request,) = recorder.calls("CreatePipelineJob")
    scripts = list(installations(request.pipeline_job))
    assert len(scripts) == 3  # snapshot, preprocess, collect
    (script,) = set(scripts)
    (wheel,) = gcs.joinpath(BUCKET, "tabular", "packages").glob("*/*.whl")
    assert wheel.read_bytes() == packages.build_wheel()[1]
    assert f"'/gcs/{wheel.relative_to(gcs)}[pipeline]'" in script
    target = str(tmp_path / "installed")
    installed = subprocess.run(
        ["sh", "-c", script.replace("/gcs/", f"{gcs}/"), "python3", "-c", WHERE],
        cwd=tmp_path,
        env={
            **OFFLINE,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PIP_TARGET": target,
            "PYTHONPATH": target,
        },
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout.count(target) == 2


def installations(job: vertex.PipelineJob) -> Iterator[str]:
    """The scripts by which steps install packages before they start; `"$0" "$@"` ends each."""
    spec: dict[str, Any] = vertex.PipelineJob.to_dict(job)["pipeline_spec"]
    for executor in spec["deploymentSpec"]["executors"].values():
        command = executor["container"]["command"]
        if command[:2] == ["sh", "-c"] and "pip install" in command[2]:
            assert command[2].rstrip().endswith('"$0" "$@"')
            yield command[2]

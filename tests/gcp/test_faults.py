"""What goes wrong on the way is retried or reported in one line, and nothing runs twice."""

import subprocess
import sys

import grpc
import pytest

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

SUBMIT = ["submit", CSV, "--image", "us-docker.pkg.dev/p/r/i:1"]
CREATE = "CreatePipelineJob"
Code = grpc.StatusCode


def test_every_passing_fault_is_retried_and_the_run_submitted_once(
    recorder: Cloud, recorded: Shell
) -> None:
    recorder.board.faults += [
        Fault(CREATE, Code.UNAVAILABLE),
        Fault(CREATE, Code.DEADLINE_EXCEEDED, executed=True),
        Fault(CREATE, None, executed=True),  # ALREADY_EXISTS by now, and cut before it says so
    ]
    result = recorded(*SUBMIT, "--run-id", "trial-1")
    assert result.status == 0, result.stderr
    assert [name.rpartition("/")[2] for name in recorder.pipelines.jobs] == ["trial-1"]
    assert len(recorder.calls(CREATE)) >= 3


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (
            Fault(CREATE, Code.PERMISSION_DENIED, "Permission 'x' denied on resource 'y'."),
            "the account that runs tabpipe lacks a role; tabpipe doctor says which",
        ),
        (
            Fault(CREATE, Code.RESOURCE_EXHAUSTED, "The following quota metrics exceed limits."),
            "quota metrics exceed limits; wait, or request a higher quota at https://console.cloud.google",
        ),
        (Fault(CREATE, Code.INTERNAL, "Internal error."), "Google does not answer: Internal error"),
        (Fault(CREATE, Code.INVALID_ARGUMENT, "No\nsuch\tthing."), "No such thing"),
    ],
    ids=["permission", "quota", "internal", "invalid"],
)
def test_a_lasting_fault_is_one_line(
    recorder: Cloud, recorded: Shell, fault: Fault, complaint: str
) -> None:
    recorder.board.faults.append(fault)
    result = recorded(*SUBMIT, "--run-id", "trial-1", "--json")
    assert result.status in (1, 2)
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: cannot submit trial-1: ") and complaint in line
    assert len(recorder.calls(CREATE)) == 1
    assert not recorder.pipelines.jobs


def test_an_id_that_is_taken_is_refused_unless_the_run_is_ours(
    recorder: Cloud, recorded: Shell
) -> None:
    same = [*SUBMIT, "--run-id", "trial-1"]
    assert [recorded(*same).status, recorded(*same).status] == [0, 0]
    other = recorded(*same, "--set", "epochs=9")
    assert other.status == 2
    assert other.error == "error: --run-id must be new, got trial-1; another run has it"
    assert len(recorder.pipelines.jobs) == 1


def test_a_missing_input_is_found_before_anything_is_submitted(
    recorder: Cloud, recorded: Shell
) -> None:
    result = recorded("submit", f"gs://{BUCKET}/data/none.csv", *SUBMIT[2:])
    assert (result.status, recorder.calls(CREATE)) == (2, [])
    assert result.error.endswith("/data/none.csv: there is no such object")


FIFTY = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pipelines.vertex.client import Vertex

vertex = Vertex(sys.argv[1], sys.argv[2])
request = json.loads(sys.stdin.read())
requests = [{**request, "pipelineJobId": f"trial-{number}"} for number in range(50)]
with ThreadPoolExecutor(50) as pool:
    list(pool.map(vertex.create_run, requests))
"""


def test_fifty_submits_at_once_are_fifty_runs_whatever_happens(
    recorder: Cloud, recorded: Shell
) -> None:
    request = recorded(*SUBMIT, "--dry-run").stdout
    recorder.board.faults += 3 * [
        Fault(CREATE, Code.UNAVAILABLE),
        Fault(CREATE, None, executed=True),
        Fault(CREATE, Code.DEADLINE_EXCEEDED, executed=True),
    ]
    subprocess.run(
        [sys.executable, "-c", FIFTY, PROJECT, REGION],
        input=request,
        env=recorder.environ,
        check=True,
        text=True,
        timeout=120,
    )
    names = {name.rpartition("/")[2] for name in recorder.pipelines.jobs}
    assert names == {f"trial-{number}" for number in range(50)}


def test_without_credentials_the_cure_is_named(recorder: Cloud) -> None:
    environ = {**recorder.environ, "GOOGLE_APPLICATION_CREDENTIALS": "", "HOME": "/nonexistent"}
    environ |= {"TABPIPE_PROJECT": PROJECT, "TABPIPE_BUCKET": f"gs://{BUCKET}"}
    result = subprocess.run(
        [sys.executable, "-m", "pipelines", "show", "trial-1"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 2
    assert "run: gcloud auth application-default login" in result.stderr.splitlines()[-1]

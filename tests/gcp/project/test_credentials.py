"""A user's credentials: every call names the project whose quota it counts against."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import grpc
import pytest

from tests.gcp.conftest import CSV, SCHEMA
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

SUBMIT = ["submit", CSV, "--run-id", "trial-1", "--experiment", "titanic"]
LOG = """
import sys
from pipelines.vertex.client import Vertex
print(list(Vertex(sys.argv[1], sys.argv[2]).log("projects/p/locations/l/customJobs/1")))
"""


@pytest.fixture(scope="module")
def user(shared_recorder: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A user who has logged in, and whose login names no quota project."""
    settings = {"TABPIPE_PROJECT": PROJECT, "TABPIPE_BUCKET": f"gs://{BUCKET}/tabular"}
    settings |= {"TABPIPE_SCHEMA": str(SCHEMA)}
    environ = {**shared_recorder.user, **settings}
    environ.pop("GOOGLE_CLOUD_PROJECT")
    with closing(Shell(tmp_path_factory.mktemp("user"), environ)) as shell:
        yield shell


def test_every_client_names_the_quota_project(recorder: Cloud, user: Shell) -> None:
    recorder.quota_projects.clear()
    submitted = user(*SUBMIT)
    assert submitted.status == 0, submitted.stderr
    for command in (["show", "trial-1"], ["schedule", "list"], ["clean", "--older-than", "0d"]):
        result = user(*command)
        assert result.status == 0, result.stderr
    assert {call.quota_project for call in recorder.board.calls} == {PROJECT}
    assert recorder.quota_projects == {PROJECT}
    read = subprocess.run(
        [sys.executable, "-c", LOG, PROJECT, REGION],
        env=recorder.user,
        capture_output=True,
        text=True,
    )
    assert read.stdout == "[]\n", read.stderr


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (
            (
                "Vertex AI API has not been used in project 1 before or it is disabled. Enable it "
                "at https://console.developers.google.com/apis/api/aiplatform.googleapis.com/x"
            ),
            "gcloud services enable aiplatform.googleapis.com --project PROJECT",
        ),
        (
            (
                "Caller does not have required permission to use project p. Grant the caller the "
                "roles/serviceusage.serviceUsageConsumer role, or a custom role."
            ),
            "roles/serviceusage.serviceUsageConsumer; tabpipe doctor prints what grants it",
        ),
        (
            "Permission 'aiplatform.pipelineJobs.list' denied on resource 'x'.",
            "the account that runs tabpipe lacks a role; tabpipe doctor says which",
        ),
    ],
    ids=["disabled", "quota", "permission"],
)
def test_each_cause_of_a_403_has_its_own_cure(
    recorder: Cloud, user: Shell, answer: str, cure: str
) -> None:
    recorder.board.faults.append(
        Fault("ListPipelineJobs", grpc.StatusCode.PERMISSION_DENIED, answer)
    )
    assert user("runs").error.endswith(cure)

"""setup/gcloud.sh grants what the calls of a whole life cycle need, and no more."""

import re
import subprocess
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from tests.gcp.conftest import CSV, shell_of
from tests.gcp.loopback import permissions
from tests.gcp.loopback.cloud import Cloud
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "setup" / "gcloud.sh"
ACCOUNT = ["--service-account", "trainer@my-project.iam.gserviceaccount.com"]
RUN = [CSV, *ACCOUNT]
SCHEDULE = ["schedule", "apply", "nightly", *RUN, "--cron", "0 3 * * *"]
LIFE = [
    ["submit", *RUN, "--run-id", "trial-1", "--experiment", "titanic"],
    ["runs"],
    ["show", "trial-1"],
    ["cancel", "trial-1"],
    SCHEDULE,
    [*SCHEDULE, "--set", "epochs=9"],
    ["schedule", "resume", "nightly"],
    ["schedule", "delete", "nightly"],
    ["clean", "--older-than", "0d", "--yes"],
    ["image", "build"],
]
# Of steps that run in the cloud, and of `show` and `logs` when a run has failed.
BY_STEPS = {"aiplatform.customJobs.create", "aiplatform.customJobs.get", "logging.logEntries.list"}
# Vertex AI pulls the image and writes the logs with the account that a run acts as.
# Cloud Build pushes the image with it.
BY_VERTEX = {
    "roles/artifactregistry.reader",
    "roles/artifactregistry.writer",
    "roles/logging.logWriter",
}


def test_the_roles_are_those_that_the_calls_need(recorder: Cloud, tmp_path: Path) -> None:
    recorder.storage_calls.clear()
    with closing(shell_of(recorder, tmp_path)) as shell:
        for command in LIFE:
            result = shell(*command)
            assert result.status == 0, (command, result.stderr)
    needed = {permissions.METHODS[call.method] for call in recorder.board.calls}
    needed |= {permissions.of_storage(*call) for call in recorder.storage_calls}
    if recorder.builds.builds:
        needed.add("cloudbuild.builds.create")
    if any(call.quota_project for call in recorder.board.calls):
        needed.add("serviceusage.services.use")
    if any(call.pipeline_job.service_account for call in recorder.calls("CreatePipelineJob")):
        needed.add("iam.serviceAccounts.actAs")
    roles = {permissions.ROLES[permission] for permission in needed - {""} | BY_STEPS} | BY_VERTEX
    assert set(re.findall(r"roles/[\w.]+", SCRIPT.read_text())) == roles


def test_a_denied_call_names_the_script(recorder: Cloud, recorded: Shell) -> None:
    denied = grpc.StatusCode.PERMISSION_DENIED
    recorder.board.faults.append(Fault("ListPipelineJobs", denied, "Permission denied."))
    assert "setup/gcloud.sh" in recorded("runs").error
    assert SCRIPT.is_file()


def test_the_script_is_of_plain_shell_and_says_how_to_use_it() -> None:
    assert subprocess.run(["sh", "-n", str(SCRIPT)]).returncode == 0
    usage = subprocess.run(["sh", str(SCRIPT)], capture_output=True, text=True)
    assert (usage.returncode, usage.stderr[:6]) == (2, "usage:")

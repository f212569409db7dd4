"""`tabpipe setup` grants what the calls of a whole life cycle need, and no more."""

import json
import re
import shlex
import subprocess
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from pipelines.vertex.doctor.needs import NEEDS
from tests.gcp.conftest import CSV, shell_of
from tests.gcp.loopback import permissions
from tests.gcp.loopback.administration.gcloud import RECORDER, carry_out
from tests.gcp.loopback.administration.project import KEY, TESTER, TRAINER
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.names import PROJECT, PROJECT_NUMBER, REGION
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

SETUP = ["setup", "--service-account", TRAINER]
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
    assert needed - {""} <= {need.permission for need in NEEDS}
    roles = {permissions.ROLES[permission] for permission in needed - {""} | BY_STEPS} | BY_VERTEX
    script = recorded_script(recorder, tmp_path, "--build")
    assert set(re.findall(r"roles/[\w.]+", script)) == roles


def recorded_script(cloud: Cloud, directory: Path, *options: str) -> str:
    """What `tabpipe setup` prints."""
    with closing(shell_of(cloud, directory)) as shell:
        result = shell(*SETUP, *options)
    assert result.status == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("options", [[], ["--build"], ["--build", "--kms-key", KEY]])
def test_a_new_project_has_all_that_doctor_asks_for_once_the_script_has_run(
    recorder: Cloud, tmp_path: Path, options: list[str]
) -> None:
    script = recorded_script(recorder, tmp_path, *options)
    gcloud, log = tmp_path / "gcloud", tmp_path / "log"
    gcloud.write_text(RECORDER)
    gcloud.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GCLOUD_LOG": str(log)}
    ran = subprocess.run(
        ["sh", "-s", "--", TESTER], input=script, env=environ, text=True, capture_output=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(f'service_account = "{TRAINER}"\n')
    commands = [line.rstrip("\t").split("\t") for line in log.read_text().splitlines()]

    recorder.administration.clear()
    with closing(shell_of(recorder, tmp_path)) as shell:
        doctor = ["doctor", *SETUP[1:], *options]
        assert shell(*doctor).status == 1
        for command in commands:
            carry_out(recorder.administration, command)
        assert shell(*doctor).stdout == f"nothing missing in {PROJECT}, {REGION}\n"


def test_each_cure_cures_and_together_they_cure_all(recorder: Cloud, tmp_path: Path) -> None:
    recorder.administration.clear()
    doctor = ["doctor", *SETUP[1:], "--build", "--kms-key", KEY, "--json"]
    rounds: list[int] = []
    with closing(shell_of(recorder, tmp_path)) as shell:
        while (found := json.loads(shell(*doctor).stdout)) and len(rounds) < 5:
            rounds.append(len(found))
            for finding in found:
                if finding["state"] == "missing":
                    cure = re.sub(r"\$\(gcloud projects .*?'\)", PROJECT_NUMBER, finding["cure"])
                    for command in map(shlex.split, cure.split(" && ")):
                        assert command[0] == "gcloud"
                        carry_out(recorder.administration, command[1:])
    assert found == [] and len(rounds) > 1  # a key after its ring, what an API says once it is on


def test_what_exists_is_not_made_again(recorder: Cloud, tmp_path: Path) -> None:
    script = recorded_script(recorder, tmp_path, "--build", "--kms-key", KEY)
    made = [line for line in script.splitlines() if re.search(r"gcloud .* create ", line)]
    guarded = [line for line in made if line.startswith("  ")]
    assert len(guarded) == 5
    # This one succeeds if the agent is there.
    assert [line.split()[1:5] for line in made if line not in guarded] == [
        ["beta", "services", "identity", "create"]
    ]


def test_the_script_is_of_plain_shell_and_asks_gcloud_who_submits(
    recorder: Cloud, tmp_path: Path
) -> None:
    script = recorded_script(recorder, tmp_path)
    assert subprocess.run(["sh", "-n"], input=script, text=True).returncode == 0
    assert 'member="${1:-user:$(gcloud config get-value account)}"' in script
    assert f"gs://{BUCKET} " in script


def test_a_denied_call_names_doctor(recorder: Cloud, recorded: Shell) -> None:
    denied = grpc.StatusCode.PERMISSION_DENIED
    recorder.board.faults.append(Fault("ListPipelineJobs", denied, "Permission denied."))
    assert recorded("runs").error.endswith("tabpipe doctor says which")

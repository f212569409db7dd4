"""`tabpipe doctor` says each thing that a project lacks, with the command that cures it."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.gcp.conftest import shell_of
from tests.gcp.loopback.administration.project import (
    AGENT,
    KEY,
    RING,
    TESTER,
    THE_PROJECT,
    TRAINER,
    Administration,
    of_account,
    of_bucket,
)
from tests.gcp.loopback.administration.roles import INSPECTOR
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.shell import Shell

pytestmark = pytest.mark.slow

DOCTOR = ["doctor", "--service-account", TRAINER]
T4 = ["--accelerator", "NVIDIA_TESLA_T4:2"]
ALL = [*DOCTOR, "--build", "--kms-key", KEY, *T4]
RUNS = f"serviceAccount:{TRAINER}"
IN_PROJECT = f"gcloud projects add-iam-policy-binding {PROJECT}"
ON_BUCKET = f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET}"
ON_ACCOUNT = f"gcloud iam service-accounts add-iam-policy-binding {TRAINER} --project={PROJECT}"
Change = Callable[[Administration], object]


@pytest.fixture(scope="module")
def shell(shared_recorder: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with closing(shell_of(shared_recorder, tmp_path_factory.mktemp("doctor"), None)) as shell:
        yield shell


def revoked(resource: str, member: str, role: str) -> Change:
    return lambda has: has.revoke(resource, member, role)


def off(api: str) -> Change:
    return lambda has: has.apis.remove(f"{api}.googleapis.com")


def gone(resource: str) -> Change:
    return lambda has: has.resources.remove(resource)


def test_a_project_that_has_all_lacks_nothing(recorder: Cloud, shell: Shell) -> None:
    for command in (DOCTOR, ALL):
        result = shell(*command)
        assert (result.status, result.stdout) == (0, f"nothing missing in {PROJECT}, {REGION}\n")
    assert shell(*ALL, "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("change", "what", "cure"),
    [
        *(
            (off(api), f"the API {api}.googleapis.com is off", f"gcloud services enable {api}.")
            for api in ("aiplatform", "logging", "cloudbuild", "artifactregistry", "cloudkms")
        ),
        (
            gone(of_account(TRAINER)),
            f"the service account {TRAINER} does not exist",
            f"gcloud iam service-accounts create trainer --project={PROJECT}",
        ),
        (
            gone(f"{THE_PROJECT}/locations/{REGION}/repositories/images"),
            f"the registry images does not exist in {REGION}",
            f"gcloud artifacts repositories create images --project={PROJECT} --location={REGION}",
        ),
        (
            gone(RING),
            f"the ring {RING} does not exist",
            f"gcloud kms keyrings create ring --location={REGION} --project={PROJECT}",
        ),
        (
            gone(KEY),
            f"the key {KEY} does not exist",
            f"gcloud kms keys create key --keyring=ring --location={REGION} --project={PROJECT}",
        ),
        (
            revoked(KEY, f"serviceAccount:{AGENT}", "roles/cloudkms.cryptoKeyEncrypterDecrypter"),
            f"{AGENT} lacks roles/cloudkms.cryptoKeyEncrypterDecrypter on the key",
            (
                "gcloud beta services identity create --service=aiplatform.googleapis.com "
                f"--project={PROJECT} --format=none && "
                f"gcloud kms keys add-iam-policy-binding {KEY} --member="
            ),
        ),
        (
            lambda has: (
                has.quotas.clear()
                or has.quotas.update(
                    {
                        "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus": [
                            {"effectiveLimit": "9"},
                            {"effectiveLimit": "1", "dimensions": {"region": REGION}},
                            {"effectiveLimit": "9", "dimensions": {"region": "europe-west4"}},
                        ]
                    }
                )
            ),
            f"in {REGION} must be at least 2, got 1",
            (
                "gcloud beta quotas preferences create --service=aiplatform.googleapis.com "
                "--quota-id=CustomModelTrainingT4GPUsPerProjectPerRegion --preferred-value=2 "
                f"--dimensions=region={REGION}"
            ),
        ),
        *(
            (
                revoked(THE_PROJECT, TESTER, role),
                f"lacks {role} on the project {PROJECT}: {permission}",
                f'{IN_PROJECT} --member="{TESTER}" --role={role}',
            )
            for role, permission in (
                ("roles/aiplatform.user", "aiplatform.pipelineJobs.create (submit)"),
                ("roles/logging.viewer", "logging.logEntries.list (logs)"),
                ("roles/cloudbuild.builds.editor", "cloudbuild.builds.create (image build)"),
                ("roles/serviceusage.serviceUsageConsumer", "serviceusage.services.use"),
            )
        ),
        *(
            (
                revoked(THE_PROJECT, RUNS, role),
                f"{TRAINER} lacks {role} on the project {PROJECT}: {permission}",
                f'{IN_PROJECT} --member="{RUNS}" --role={role}',
            )
            for role, permission in (
                ("roles/aiplatform.user", "aiplatform.customJobs.create (the training step)"),
                ("roles/logging.logWriter", "logging.logEntries.create"),
                ("roles/artifactregistry.writer", "artifactregistry.repositories.uploadArtifacts"),
            )
        ),
        *(
            (
                revoked(of_bucket(BUCKET), member, "roles/storage.objectUser"),
                f"lacks roles/storage.objectUser on the bucket gs://{BUCKET}: storage.objects.",
                f'{ON_BUCKET} --member="{member}" --role=roles/storage.objectUser',
            )
            for member in (TESTER, RUNS)
        ),
        *(
            (
                revoked(of_account(TRAINER), member, "roles/iam.serviceAccountUser"),
                (
                    f"lacks roles/iam.serviceAccountUser on the service account {TRAINER}: "
                    "iam.serviceAccounts.actAs"
                ),
                f'{ON_ACCOUNT} --member="{member}" --role=roles/iam.serviceAccountUser',
            )
            for member in (TESTER, RUNS)
        ),
    ],
)
def test_each_missing_thing_is_said_with_its_cure(
    recorder: Cloud, shell: Shell, change: Change, what: str, cure: str
) -> None:
    change(recorder.administration)
    result = shell(*ALL)
    missing = [line for line in result.stdout.splitlines() if line.startswith("missing: ")]
    (line,) = [line for line in missing if what in line]
    assert f"; {cure}" in line
    assert shlex.split(line.partition("; ")[2])[0] == "gcloud"
    assert result.status == 1
    found = json.loads(shell(*ALL, "--json").stdout)
    assert any(each["state"] == "missing" and what in each["what"] for each in found)


def test_what_an_api_that_is_off_would_say_is_unknown(recorder: Cloud, shell: Shell) -> None:
    off("cloudresourcemanager")(recorder.administration)
    unknown = [line for line in shell(*DOCTOR).stdout.splitlines() if line.startswith("unknown")]
    assert len(unknown) == 4
    assert unknown[0] == (
        "unknown: your roles in the project: cloudresourcemanager.googleapis.com, which is off, "
        "would say; tabpipe doctor, once it is on, sees it"
    )
    off("serviceusage")(recorder.administration)
    assert shell(*DOCTOR).stdout.startswith(
        "missing: the API serviceusage.googleapis.com is off; gcloud services enable"
    )


def test_a_thing_that_is_not_wanted_is_not_missed(recorder: Cloud, shell: Shell) -> None:
    has = recorder.administration
    has.apis -= {f"{name}.googleapis.com" for name in ("cloudbuild", "cloudkms")}
    has.apis.remove("artifactregistry.googleapis.com")
    has.resources -= {KEY, RING, f"{THE_PROJECT}/locations/{REGION}/repositories/images"}
    has.revoke(THE_PROJECT, TESTER, "roles/cloudbuild.builds.editor")
    for role in ("reader", "writer"):
        has.revoke(THE_PROJECT, RUNS, f"roles/artifactregistry.{role}")
    has.quotas.clear()
    assert shell(*DOCTOR).status == 0
    # A GPU needs an image, and a run that has one pulls it.
    assert "cloudbuild" in shell(*DOCTOR, *T4).stdout
    image = ["--image", f"{REGION}-docker.pkg.dev/{PROJECT}/images/x:1"]
    pulls = shell(*DOCTOR, *image).stdout
    assert "roles/artifactregistry.reader" in pulls and "cloudbuild" not in pulls


def test_the_bucket_exists_and_is_in_the_region(recorder: Cloud, shell: Shell) -> None:
    absent = shell(*DOCTOR, "--bucket", "gs://no-such-bucket/tabular")
    assert absent.status == 1
    assert (
        "missing: the bucket gs://no-such-bucket does not exist; gcloud storage buckets create "
        f"gs://no-such-bucket --project={PROJECT} --location={REGION} "
    ) in absent.stdout
    recorder.storage.create_bucket("far-away")
    recorder.emulator.locate("far-away", "US")
    far = shell(*DOCTOR, "--bucket", "gs://far-away")
    assert f"missing: the bucket gs://far-away must be in {REGION}, got us; gcloud" in far.stdout


def test_a_key_of_another_region_is_missed(recorder: Cloud, shell: Shell) -> None:
    result = shell(*DOCTOR, "--kms-key", KEY.replace(REGION, "europe-west4"))
    assert f"must be in {REGION}, got europe-west4; gcloud kms keys create key" in result.stdout
    assert result.status == 1


def test_spot_has_a_quota_of_its_own(recorder: Cloud, shell: Shell) -> None:
    metric = "aiplatform.googleapis.com/custom_model_training_preemptible_nvidia_t4_gpus"
    assert f"unknown: there is no quota named {metric}" in shell(*DOCTOR, *T4, "--spot").stdout
    recorder.administration.quotas[metric] = [{"effectiveLimit": "-1"}]  # unlimited
    assert shell(*DOCTOR, *T4, "--spot").stdout.startswith("nothing missing")
    recorder.administration.quotas[metric] = [{}]  # zero is left out of the JSON
    spot = shell(*DOCTOR, *T4, "--spot").stdout
    assert "CustomModelTrainingPreemptibleT4GPUsPerProjectPerRegion" in spot


def test_a_broader_role_serves_and_one_under_a_condition_does_not(
    recorder: Cloud, shell: Shell
) -> None:
    has = recorder.administration
    has.revoke(THE_PROJECT, RUNS, "roles/logging.logWriter")
    has.grant(THE_PROJECT, RUNS, "roles/editor", condition={"expression": "false"})
    assert "roles/logging.logWriter" in shell(*DOCTOR).stdout
    has.grant(THE_PROJECT, RUNS, "roles/editor")
    assert shell(*DOCTOR).status == 0


def test_what_the_caller_may_not_see_is_unknown_and_no_fault(recorder: Cloud, shell: Shell) -> None:
    recorder.administration.revoke(THE_PROJECT, TESTER, INSPECTOR)
    result = shell(*DOCTOR)
    lines = result.stdout.splitlines()
    assert lines[-1] == f"nothing missing in {PROJECT}, {REGION}, 4 unknown"
    assert "storage.buckets.get" in lines[0] and lines[0].startswith("unknown: the bucket: ")
    assert all(line.endswith("by an owner of the project, sees it") for line in lines[:-1])
    assert result.status == 0


def test_default_accounts_are_not_looked_at(recorder: Cloud, shell: Shell) -> None:
    result = shell("doctor")
    assert result.stdout.startswith("unknown: service_account is not set: ")
    assert result.status == 0


def test_credentials_come_first(recorder: Cloud, tmp_path: Path) -> None:
    environ = {**recorder.environ, "HOME": str(tmp_path)}
    environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "none.json")
    with closing(Shell(tmp_path, environ)) as shell:
        result = shell(*DOCTOR, "--project", PROJECT, "--bucket", f"gs://{BUCKET}")
    line, _ = result.stdout.splitlines()
    assert line.startswith("missing: there are no credentials: ")
    assert line.endswith("; gcloud auth application-default login")
    assert result.status == 1


def test_a_user_is_asked_for_by_what_gcloud_knows(recorder: Cloud, tmp_path: Path) -> None:
    environ = {**recorder.user}
    environ.pop("GOOGLE_CLOUD_PROJECT")
    with closing(Shell(tmp_path, environ)) as shell:
        doctor = [*DOCTOR, "--project", PROJECT, "--bucket", f"gs://{BUCKET}"]
        line, _ = shell(*doctor).stdout.splitlines()
        assert "lacks roles/serviceusage.serviceUsageConsumer" in line
        assert '--member="user:$(gcloud config get-value account)"' in line
        ada = "user:ada@example.com"
        for role in ("serviceusage.serviceUsageConsumer", "aiplatform.user", "logging.viewer"):
            recorder.administration.grant(THE_PROJECT, ada, f"roles/{role}")
        recorder.administration.grant(of_bucket(BUCKET), ada, "roles/storage.objectUser")
        (act_as,) = [s for s in shell(*doctor).stdout.splitlines() if s.startswith("missing")]
        assert "iam.serviceAccounts.actAs" in act_as


def test_what_is_wanted_must_be_well_formed(shell: Shell) -> None:
    for command in (["--accelerator", "T4"], ["--bucket", "no"]):
        assert shell(*DOCTOR, *command).status == 2

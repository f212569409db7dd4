"""`tabpipe submit`: what it sends, and what it refuses to send."""

import json

import pytest
from google.protobuf import json_format

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.shell import Shell

pytestmark = pytest.mark.slow

IMAGE = ["--image", "us-central1-docker.pkg.dev/my-project/images/vertex-tabular:0.1.0"]
QUICK = ["--csv", CSV, "--set", "epochs=5"]
SUBMIT = ["submit", *QUICK, *IMAGE]


def test_what_is_submitted_is_what_the_dry_run_printed(recorder: Cloud, recorded: Shell) -> None:
    account = "trainer@my-project.iam.gserviceaccount.com"
    key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    command = [*SUBMIT, "--run-id", "trial-1", "--service-account", account, "--kms-key", key]
    command += ["--network", "projects/123456789012/global/networks/vpc"]
    dry = recorded(*command, "--dry-run")
    assert (dry.status, recorder.board.calls) == (0, [])
    assert "estimate" in dry.stderr
    printed = json.loads(dry.stdout)

    submitted = recorded(*command)
    assert submitted.status == 0, submitted.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    assert json_format.MessageToDict(type(request).pb(request)) == printed
    job = request.pipeline_job
    assert (job.service_account, job.encryption_spec.kms_key_name) == (account, key)
    assert job.runtime_config.parameter_values["job_service_account"] == account


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--csv", ""], "--csv must be given"),
        (
            ["--csv", "here.csv"],
            "--csv must be on Cloud Storage, gs://BUCKET/FILE.csv, got he",
        ),
        (["--set", "learning_rate=-1"], "error: learning_rate must be positive, got -1"),
        (["--set", "patience=many"], "patience must be a whole number, got many"),
        (["--set", "fit_on=none"], "fit_on must be one of train, all, got none"),
        (["--set", "val_size=2"], "val_size must be above 0 and below 1, got 2"),
        (["--hours", "0"], "--hours must be above 0, got 0"),
        (["--accelerator", "NVIDIA_TESLA_T4"], "--accelerator must be TYPE:COUNT, got NVID"),
        (["--accelerator", "NVIDIA_TESLA_T4:3"], "the pipeline must pass tabpipe lint, got "),
        (["--label", "Team=x"], "--label must be KEY=VALUE, each of at most 63 of a-z"),
        (["--run-id", "Trial"], "--run-id must match [a-z][-a-z0-9]{0,127}, got Trial"),
        (
            ["--experiment", "Trials"],
            "--experiment must match [a-z0-9][-a-z0-9]{3,127}, got T",
        ),
        (["--budget", "20"], "--budget"),
        (["--service-account", "me"], "service_account must look like "),
        (["--network", "default"], "network must look like projects/"),
        (["--profile", "prod"], "--profile must name one of "),
        (["--region", "mars"], "region must look like europe-west4, got mars"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(
    recorder: Cloud, recorded: Shell, arguments: list[str], complaint: str
) -> None:
    result = recorded(*SUBMIT, *arguments)
    assert (result.status, recorder.board.calls) == (2, []), result.stderr
    assert complaint in result.error


def test_a_region_without_a_price_is_submitted_to_and_only_a_budget_refuses_it(
    recorder: Cloud, recorded: Shell
) -> None:
    command = [*SUBMIT, "--region", "europe-west4", "--run-id", "trial-1"]
    schedule = ["schedule", "apply", "nightly", "--cron", "0 3 * * *", *command[1:-2]]
    unknown = "the region must be in pipelines/prices/prices.toml, got europe-west4"
    for each in (command, schedule):
        refused = recorded(*each, "--budget", "20")
        assert (refused.status, recorder.calls("CreatePipelineJob")) == (2, [])
        assert unknown in refused.error
    for each in (command, schedule):
        result = recorded(*each)
        assert result.status == 0, result.stderr
        assert f"no estimate of the cost: {unknown}" in result.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    assert request.parent.endswith("/locations/europe-west4")

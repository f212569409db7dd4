"""`tabpipe submit`: what it sends, and what it refuses to send."""

import json
from pathlib import Path

import pytest
from google.protobuf import json_format

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.shell import Shell

pytestmark = pytest.mark.slow

IMAGE = ["--image", "us-central1-docker.pkg.dev/my-project/images/vertex-tabular:0.1.0"]
QUICK = [CSV, "--set", "epochs=5"]
SUBMIT = ["submit", *QUICK, *IMAGE]
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
T4 = ["--accelerator", "NVIDIA_TESLA_T4:1"]
SET_TYPE = ["--set", "accelerator_count=1", "--set"]


def test_what_is_submitted_is_what_the_dry_run_printed(recorder: Cloud, recorded: Shell) -> None:
    account = "trainer@my-project.iam.gserviceaccount.com"
    command = [*SUBMIT, "--run-id", "trial-1", "--service-account", account, "--kms-key", KEY]
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
    assert (job.service_account, job.encryption_spec.kms_key_name) == (account, KEY)
    values = job.runtime_config.parameter_values
    assert (values["job_service_account"], values["job_kms_key"]) == (account, KEY)
    assert values["job_network"] == job.network == "projects/123456789012/global/networks/vpc"


@pytest.mark.parametrize(
    ("arguments", "device"),
    [
        ([], None),
        (T4, "cuda"),
        ([*SET_TYPE, "accelerator_type=NVIDIA_TESLA_T4"], "cuda"),
        ([*T4, "--set", "device=auto"], "auto"),
    ],
)
def test_with_an_accelerator_the_device_is_cuda(
    recorder: Cloud, recorded: Shell, arguments: list[str], device: str | None
) -> None:
    submitted = recorded(*SUBMIT, *arguments)
    assert submitted.status == 0, submitted.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    values = dict(request.pipeline_job.runtime_config.parameter_values)
    assert values.get("device") == device


def test_a_gpu_needs_an_image_with_cuda(recorder: Cloud, recorded: Shell) -> None:
    for gpu in (T4, [*SET_TYPE, "accelerator_type=NVIDIA_TESLA_T4"]):
        result = recorded("submit", *QUICK, *gpu)
        assert (result.status, recorder.board.calls) == (2, [])
        assert "needs an image with CUDA, got no image; tabpipe image build --gpu" in result.error


def test_what_is_newer_than_the_tables_is_sent_by_force(recorder: Cloud, recorded: Shell) -> None:
    newer = ["--accelerator", "NVIDIA_OF_NEXT_YEAR:1", "--machine", "x9-highgpu-1g"]
    newer += ["--region", "mars-north1"]
    assert recorded(*SUBMIT, *newer).status == 2
    forced = recorded(*SUBMIT, *newer, "--force")
    assert forced.status == 0, forced.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    assert request.parent.endswith("/locations/mars-north1")


@pytest.mark.parametrize("name", ["", "x" * 129, "a\nb", 'a"b'])
def test_a_schedules_name_is_one_that_the_api_can_be_asked_for(
    recorder: Cloud, recorded: Shell, name: str
) -> None:
    apply = ["schedule", "apply", name, *SUBMIT[1:], "--cron", "0 3 * * *"]
    result = recorded(*apply)
    assert (result.status, recorder.board.calls) == (2, [])
    assert "a schedule's name must have 1 to 128 printable characters" in result.error


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--set", "learning_rate=-1"], "error: learning_rate must be positive, got -1"),
        (["--set", "patience=many"], "patience must be a whole number, got many"),
        (["--set", "fit_on=none"], "fit_on must be one of train, all, got none"),
        (["--set", "val_size=2"], "val_size must be above 0 and below 1, got 2"),
        (["--hours", "0"], "--hours must be above 0 and at most 168, got 0"),
        (["--hours", "169"], "--hours must be above 0 and at most 168, got 169"),
        (["--hours", "nan"], "--hours must be a number, got nan"),
        (["--set", "job_timeout_seconds=604801"], "job_timeout_seconds must be 1 to 604800, got"),
        (["--accelerator", "NVIDIA_T4:1"], "got NVIDIA_T4; use NVIDIA_TESLA_T4; --force sends"),
        (["--accelerator", "nvidia-tesla-t4:1"], "got nvidia-tesla-t4; use NVIDIA_TESLA_T4; "),
        (["--accelerator", "A100:1"], "got A100; use NVIDIA_A100_80GB or NVIDIA_TESLA_A100; "),
        (
            [*SET_TYPE, "accelerator_type=NVIDIA_TESLA_K80"],
            "accelerator_type must be in pipelines/prices/machines",
        ),
        (["--machine", "nonsense"], "--machine must be in pipelines/prices/machines.toml of 20"),
        (["--machine", "n1-standard4"], "got n1-standard4; use n1-standard-4"),
        (["--set", "machine_type=n1-standard-5"], "machine_type must be in pipelines/prices/mach"),
        (["--machine", "g2-standard-4"], "must be asked for, got none; --accelerator NVIDIA_L4:1"),
        ([*T4, "--machine", "e2-standard-4"], "--accelerator must be available for --machine, got"),
        ([*T4, "--set", "device=cpu"], "device must be cuda or auto with an accelerator, got cpu"),
        (["--region", "us-centrl1"], "got us-centrl1; use us-central1"),
        (["--kms-key", KEY, "--region", "us-east1"], "kms_key must be in the region of the runs, "),
        (
            ["--set", f"job_kms_key={KEY[:-16]}"],
            "job_kms_key must look like projects/my-project/locations",
        ),
        (["--set", "job_network=default"], "job_network must look like projects/1234"),
        (["--accelerator", "NVIDIA_TESLA_T4"], "--accelerator must be TYPE:COUNT, got NVID"),
        (["--accelerator", "NVIDIA_TESLA_T4:3"], "NVIDIA_TESLA_T4 comes in counts of 1, 2, 4"),
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


def test_a_table_that_is_not_on_cloud_storage(recorder: Cloud, recorded: Shell) -> None:
    for table, complaint in (
        ("", "TABLE must be given"),
        ("here.csv", "TABLE must be on Cloud Storage, gs://BUCKET/FILE.csv, got here.csv"),
    ):
        result = recorded("submit", table, *SUBMIT[2:])
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
        assert f"the cost is unknown: {unknown}" in result.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    assert request.parent.endswith("/locations/europe-west4")


def test_what_tabpipe_toml_says_is_submitted(
    recorder: Cloud, recorded: Shell, tmp_path: Path
) -> None:
    before = Path.cwd()
    content = f'name = "titanic"\ncsv = "{CSV}"\n[parameters]\nepochs = 7\nmodel = "mlp"\n'
    (tmp_path / "tabpipe.toml").write_text(content)
    recorded.go_to(tmp_path)
    try:
        result = recorded("submit", *IMAGE, "--set", "model=ensemble", "--dry-run")
    finally:
        recorded.go_to(before)
    assert result.status == 0, result.stderr
    job = json.loads(result.stdout)["pipelineJob"]
    given = job["runtimeConfig"]["parameterValues"]
    assert (given["csv"], given["epochs"], given["model"]) == (CSV, 7, "ensemble")
    assert job["displayName"] == "Ada L.: titanic: tabular training"

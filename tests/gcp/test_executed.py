"""One run in package mode, executed by the loopback cloud; what each command then says of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from google.cloud import aiplatform_v1 as vertex
from google.protobuf import json_format

from tests.gcp.conftest import CSV, SCHEMA, add_data, shell_of, wait_for
from tests.gcp.loopback.cloud import BUCKET, Cloud, running
from tests.gcp.loopback.names import PROJECT, REGION
from tests.shell import Result, Shell
from trainer.contract import sha256_of

pytestmark = pytest.mark.slow

QUICK = [CSV, "--set", "epochs=5"]
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
NETWORK = "projects/123456789012/global/networks/vpc"
MACHINE = ["--spot", "--label", "team=risk", "--kms-key", KEY, "--network", NETWORK]
SDK = """
import json
import sys
import time

from google.cloud import aiplatform

aiplatform.init(project=sys.argv[1], location=sys.argv[2])
job = aiplatform.PipelineJob(
    display_name="by the SDK",
    template_path=sys.argv[3],
    job_id="by-the-sdk",
    pipeline_root=sys.argv[4],
    parameter_values=json.loads(sys.argv[5]),
)
job.submit()
while not job.done():
    time.sleep(0.1)
schedule = job.create_schedule(cron="TZ=Europe/Berlin 0 3 * * *", display_name="by the SDK")
print(job.state.name, schedule.state.name)
"""

FRAME = """
import sys
from pipelines.history.dataframe import to_frame

print(to_frame(*sys.argv[1:]).to_json(orient="index"))
"""


@pytest.fixture(scope="module")
def executing() -> Iterator[Cloud]:
    with running() as cloud:
        add_data(cloud)
        yield cloud


@pytest.fixture(scope="module")
def shell(executing: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with closing(shell_of(executing, tmp_path_factory.mktemp("executed"))) as shell:
        yield shell


@pytest.fixture(scope="module")
def submitted(shell: Shell) -> Result:
    """A run on Spot machines, in a network of its own and encrypted, waited for."""
    result = shell("submit", *QUICK, *MACHINE, "--json", "--wait")
    assert result.status == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def run_id(submitted: Result) -> str:
    run_id: str = json.loads(submitted.stdout)["run_id"]
    return run_id


def test_spot_key_and_network_reach_jobservice_through_the_real_launcher(
    executing: Cloud, submitted: Result
) -> None:
    request = executing.calls("CreateCustomJob")[0]
    spec = request.custom_job.job_spec
    assert request.custom_job.encryption_spec.kms_key_name == KEY
    assert spec.network == NETWORK
    assert spec.scheduling.strategy.name == "SPOT"
    assert dict(request.custom_job.labels).items() >= {"team": "risk", "owner": "ada-l-"}.items()
    assert spec.base_output_directory.output_uri_prefix.startswith(f"gs://{BUCKET}/tabular/runs/")


def test_the_job_ran_the_wheel_that_was_uploaded(executing: Cloud, submitted: Result) -> None:
    request = executing.calls("CreateCustomJob")[0]
    (pool,) = request.custom_job.job_spec.worker_pool_specs
    uris = executing.storage.uris(f"gs://{BUCKET}/tabular/packages/")
    (wheel,) = [uri for uri in uris if uri.endswith(".whl")]
    script = pool.container_spec.command[2]
    assert wheel.replace("gs://", "/gcs/") in script and script.endswith('exec "$0" "$@"')


def test_each_change_of_state_was_shown(submitted: Result) -> None:
    lines = submitted.stderr.splitlines()
    assert lines.index("snapshot: SUCCEEDED") < lines.index("train: SUCCEEDED")
    assert lines[-1] == "run: SUCCEEDED"


def test_runs_and_show_and_logs(shell: Shell, run_id: str) -> None:
    listed = [run for run in json.loads(shell("runs", "--json").stdout) if run["run_id"] == run_id]
    assert [(run["state"], run["name"]) for run in listed] == [
        ("SUCCEEDED", "Ada L.: tabular training")
    ]
    shown: dict[str, Any] = json.loads(shell("show", run_id, "--json").stdout)
    states = {step["name"]: step["state"] for step in shown["steps"]}
    assert states == dict.fromkeys(("snapshot", "preprocess", "train", "collect"), "SUCCEEDED")
    assert shown["parameters"]["epochs"] == 5
    assert shown["metrics"]["best_epoch"] == 5
    assert shown["link"].endswith(f"/runs/{run_id}?project={PROJECT}")
    assert "epoch 5: " in shell("logs", run_id, "train").stdout


def test_a_failed_run_says_why_in_one_line(executing: Cloud, shell: Shell) -> None:
    empty = f"gs://{BUCKET}/data/empty.csv"
    executing.storage.write(empty, b"Survived,Pclass,Sex,Age,SibSp,Parch,Fare,Embarked\n")
    result = shell("submit", empty, "--run-id", "fails", "--wait")
    assert result.status == 1
    assert result.error.startswith("error: preprocess failed: ")
    assert "non-zero status of 2" in result.error
    shown = shell("show", "fails").stdout.splitlines()
    assert shown[0].split()[:2] == ["fails", "FAILED"]
    assert shown[1] == result.error
    refused = shell("fetch", "fails", "anywhere")
    assert refused.error.endswith("a run must be SUCCEEDED to have results, got FAILED")


def test_a_gpu_that_cannot_be_used_fails_at_once_and_says_why(
    executing: Cloud, shell: Shell
) -> None:
    gpu = ["--accelerator", "NVIDIA_TESLA_T4:1", "--image", "us-docker.pkg.dev/p/r/i:1"]
    gpu += ["--run-id", "gpu", "--wait"]
    result = shell("submit", *QUICK, *gpu)
    spec = executing.calls("CreateCustomJob")[-1].custom_job.job_spec
    (pool,) = spec.worker_pool_specs
    assert pool.machine_spec.accelerator_type.name == "NVIDIA_TESLA_T4"
    assert pool.machine_spec.accelerator_count == 1
    assert "--device=cuda" in str(pool)
    assert result.status == 1
    assert "train failed: --device cuda must find a GPU that torch can use, got" in result.error


def test_a_cancelled_run_ends_with_all_that_it_started(executing: Cloud, shell: Shell) -> None:
    epochs = f"epochs={10**6 + os.getpid()}"  # no other test run on this machine has so many
    endless = f"--{epochs}"

    def jobs() -> list[vertex.CustomJob]:
        return [job for job in list(executing.jobs.jobs.values()) if endless in str(job)]

    def processes() -> list[psutil.Process]:
        everything = psutil.process_iter(["cmdline"])
        return [process for process in everything if endless in (process.info["cmdline"] or [])]

    shell("submit", *QUICK, "--set", epochs, "--set", "patience=0", "--run-id", "long")
    wait_for(lambda: jobs() and processes())
    assert shell("cancel", "long").status == 0
    wait_for(lambda: jobs()[0].end_time)
    assert json.loads(shell("show", "long", "--json").stdout)["state"] == "CANCELLED"
    assert jobs()[0].state == vertex.JobState.JOB_STATE_CANCELLED
    assert not processes()


def test_the_fetched_model_is_that_of_a_local_run(
    executing: Cloud, shell: Shell, run_id: str, tmp_path: Path
) -> None:
    fetched = tmp_path / "fetched"
    first = shell("fetch", run_id, str(fetched))
    assert first.status == 0, first.stderr
    (fetched / "model.pt").write_bytes(b"damaged")
    assert shell("fetch", run_id, str(fetched)).stdout.startswith("1 files copied")

    csv = tmp_path / "passengers.csv"
    csv.write_bytes(executing.storage.read(CSV))
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines",
            "run",
            "--json",
            str(csv),
            *QUICK[1:],
            "--schema",
            str(SCHEMA),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    local = json.loads(run.stdout)
    model = tmp_path / local["artifacts"]["model"]
    assert sha256_of(fetched / "model.pt") == sha256_of(model)
    # Its run directory alone is a run too.
    remote = json.loads(shell("show", run_id, "--json").stdout)
    uri = remote["artifacts"]["run_directory"]
    assert json.loads(shell("show", uri, "--json").stdout)["metrics"] == remote["metrics"]
    assert shell("fetch", uri, str(tmp_path / "again")).status == 0
    assert sha256_of(tmp_path / "again" / "model.pt") == sha256_of(fetched / "model.pt")
    # The same commands serve a local run.
    root = ["--root", str(tmp_path / "runs")]
    assert shell("fetch", local["run_id"], str(tmp_path / "copy"), *root).status == 0
    assert sha256_of(tmp_path / "copy" / "model.pt") == sha256_of(model)
    shown = json.loads(shell("show", local["run_id"], "--json", *root).stdout)
    assert (shown["place"], shown["state"]) == ("local", "SUCCEEDED")
    assert "epoch 5: " in shell("logs", local["run_id"], "train", *root).stdout
    # Their tables have digests of different kinds; the files of validation rows are the same.
    compared = json.loads(shell("compare", run_id, local["run_id"], *root, "--json").stdout)
    assert compared["differences"] and not compared["not_paired"]
    assert not any(each["value"] or each["beyond_chance"] for each in compared["differences"])
    assert compared["code"]["code"][0] == "unknown" and "val_size" not in compared["parameters"]
    framed = subprocess.run(
        [sys.executable, "-c", FRAME, str(tmp_path / "runs"), PROJECT, REGION],
        env=executing.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = json.loads(framed.stdout)
    assert {run_id, local["run_id"]} <= rows.keys()
    assert rows[run_id]["metric.validation_auc"] == rows[local["run_id"]]["metric.validation_auc"]


def test_the_sdk_itself_submits_the_same_pipeline_and_the_cache_serves_it(
    executing: Cloud, run_id: str, tmp_path: Path
) -> None:
    request = executing.calls("CreatePipelineJob")[0]
    job = json_format.MessageToDict(type(request).pb(request))["pipelineJob"]
    values = json.dumps(job["runtimeConfig"]["parameterValues"])
    template = tmp_path / "training.yaml"
    template.write_text(yaml.safe_dump(job["pipelineSpec"]))
    root = f"gs://{BUCKET}/sdk"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SDK, PROJECT, REGION, str(template), root, values],
        env=executing.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "PIPELINE_STATE_SUCCEEDED ACTIVE"
    (name,) = [name for name in executing.pipelines.jobs if name.endswith("/by-the-sdk")]
    tasks = executing.pipelines.jobs[name].job_detail.task_details
    states = {task.task_name: task.state.name for task in tasks if task.task_id}
    assert states == {
        "snapshot": "SUCCEEDED",
        "preprocess": "SKIPPED",
        "train": "SKIPPED",
        "collect": "SUCCEEDED",
    }


def test_predictions_in_the_cloud_are_those_of_here(
    executing: Cloud, shell: Shell, run_id: str, tmp_path: Path
) -> None:
    model = json.loads(shell("show", run_id, "--json").stdout)["artifacts"]["run_directory"]
    keys = ["--set", 'keys=["PassengerId"]']
    result = shell("submit", "--model", f"{model}/", CSV, *keys, "--wait", "--json")
    assert result.status == 0, result.stderr
    assert result.stderr.splitlines()[-1] == "run: SUCCEEDED"
    shown = json.loads(shell("show", json.loads(result.stdout)["run_id"], "--json").stdout)
    assert shown["metrics"]["rows"] == 200
    assert shown["name"] == "Ada L.: tabular prediction"
    listed = [run["run_id"] for run in json.loads(shell("runs", "--json").stdout)]
    assert {run_id, shown["run_id"]} <= set(listed)

    fetched, csv, out = tmp_path / "fetched", tmp_path / "table.csv", tmp_path / "out.csv"
    assert shell("fetch", run_id, str(fetched)).status == 0
    csv.write_bytes(executing.storage.read(CSV))
    line = [str(fetched), str(csv), "--out", str(out), "--key", "PassengerId"]
    assert shell("predict", *line).status == 0
    assert executing.storage.read(shown["artifacts"]["predictions"]) == out.read_bytes()
    assert b"<b>Drift</b>" in executing.storage.read(shown["artifacts"]["drift_report"])

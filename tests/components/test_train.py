"""The CustomJob payload, as Google's own code reads it."""

import datetime
import json
import re
from typing import Any

import pytest
import yaml
from google.cloud.aiplatform_v1.types import CustomJob
from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.custom_job.remote_runner import (
    insert_system_labels_into_payload,
)
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils.json_util import (
    recursive_remove_empty,
)

from components.code import Code
from pipelines import training
from trainer.config import Config

ARTIFACTS = {
    "train_data": "gs://b/root/preprocess/train_data.npz",
    "val_data": "gs://b/root/preprocess/val_data.npz",
    "preprocessing_spec": "gs://b/root/preprocess/spec.json",
    "run_directory": "gs://b/root/train/run_directory",
}
CPU: dict[str, Any] = {}
T4 = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}
SPOT = {
    "job_strategy": "SPOT",
    "job_timeout_seconds": 3600,
    "job_service_account": "trainer@project.iam.gserviceaccount.com",
}
PRIVATE = {
    "job_kms_key": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
    "job_network": "projects/123456789012/global/networks/vpc",
}
LABELLED = {"job_labels": {"team": "risk"}, "machine_type": "n1-highmem-8"}
SETTINGS = pytest.mark.parametrize(
    "settings", [CPU, T4, SPOT, T4 | SPOT | LABELLED | PRIVATE], ids=["cpu", "t4", "spot", "all"]
)
PACKAGE = "gs://b/vertex_tabular-0.1.0-py3-none-any.whl"


def payload(code: Code, settings: dict[str, Any], replicas: int = 1) -> str:
    """The launcher's --payload with its placeholders resolved as Vertex does it.

    A string parameter appears as it is, any other one as JSON.
    """
    spec = yaml.safe_load(training.compiled(code, replicas))
    args = spec["deploymentSpec"]["executors"]["exec-train"]["container"]["args"]
    values = {
        name: parameter["defaultValue"]
        for name, parameter in spec["root"]["inputDefinitions"]["parameters"].items()
        if "defaultValue" in parameter
    }
    values |= {"test_data": ""} | settings
    types = spec["components"]["comp-train"]["inputDefinitions"]["parameters"]

    def parameter(match: re.Match[str]) -> str:
        value, kind = values[match[1]], types[match[1]]["parameterType"]
        if kind == "STRING":
            return str(value)
        return json.dumps(int(value) if kind == "NUMBER_INTEGER" else value)

    text = args[args.index("--payload") + 1]
    text = re.sub(r"\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}", parameter, text)
    puts = r"\{\{\$\.(?:in|out)puts\.artifacts\['(\w+)'\]\.uri\}\}"
    text = re.sub(puts, lambda match: ARTIFACTS[match[1]], text)
    assert "{{" not in text
    return text


def as_launcher_parses(text: str) -> CustomJob:
    """As `JobRemoteRunner.create_job` does it, with GCPC's own functions."""
    labelled = insert_system_labels_into_payload(text)
    return CustomJob(recursive_remove_empty(json.loads(labelled)))


@SETTINGS
def test_both_of_googles_parsers_read_the_same_job(settings: dict[str, Any]) -> None:
    text = payload(Code.in_image("registry/image:1"), settings)
    job = as_launcher_parses(text)
    other = CustomJob()
    json_format.ParseDict(recursive_remove_empty(json.loads(text)), CustomJob.pb(other))
    assert job.job_spec == other.job_spec
    assert job.display_name == other.display_name == "vertex-tabular-train"


@SETTINGS
def test_the_job_is_what_the_parameters_say(settings: dict[str, Any]) -> None:
    job = as_launcher_parses(payload(Code.in_image("registry/image:1"), settings))
    (pool,) = job.job_spec.worker_pool_specs
    machine = pool.machine_spec
    assert machine.machine_type == settings.get("machine_type", "n1-standard-4")
    wanted = settings.get("accelerator_type", "ACCELERATOR_TYPE_UNSPECIFIED")
    assert machine.accelerator_type.name == wanted
    assert machine.accelerator_count == settings.get("accelerator_count", 0)
    assert job.job_spec.scheduling.strategy.name == settings.get("job_strategy", "STANDARD")
    timeout = settings.get("job_timeout_seconds", 7 * 24 * 3600)
    assert job.job_spec.scheduling.timeout == datetime.timedelta(seconds=timeout)
    assert job.job_spec.service_account == settings.get("job_service_account", "")
    assert job.job_spec.network == settings.get("job_network", "")
    assert job.encryption_spec.kms_key_name == settings.get("job_kms_key", "")
    assert dict(job.labels).items() >= settings.get("job_labels", {}).items()
    assert pool.replica_count == 1
    assert pool.container_spec.image_uri == "registry/image:1"
    assert job.job_spec.base_output_directory.output_uri_prefix == ARTIFACTS["run_directory"]


def test_the_trainer_understands_its_argument_list() -> None:
    settings = {"epochs": 7, "learning_rate": 0.01, "restore_best": False, "batch_size": 64}
    job = as_launcher_parses(payload(Code.in_image("registry/image:1"), settings))
    container = job.job_spec.worker_pool_specs[0].container_spec
    assert list(container.command) == ["python", "-m", "trainer"]
    config = Config.from_args(list(container.args))
    assert {name: getattr(config, name) for name in settings} == settings
    assert (config.train, config.val) == (ARTIFACTS["train_data"], ARTIFACTS["val_data"])
    assert (config.spec, config.model_out) == (
        ARTIFACTS["preprocessing_spec"],
        ARTIFACTS["run_directory"],
    )


def test_more_replicas_are_a_second_pool() -> None:
    job = as_launcher_parses(payload(Code.in_image("registry/image:1"), CPU, replicas=4))
    assert [pool.replica_count for pool in job.job_spec.worker_pool_specs] == [1, 3]
    first, second = job.job_spec.worker_pool_specs
    assert first.container_spec == second.container_spec


def test_without_an_image_a_stock_one_installs_what_is_pinned_and_runs_the_same() -> None:
    (pool,) = as_launcher_parses(payload(Code.in_package(PACKAGE), CPU)).job_spec.worker_pool_specs
    container = pool.container_spec
    assert container.image_uri == "python:3.11-slim"
    assert list(container.command[:2]) == ["sh", "-c"]
    assert list(container.command[3:]) == ["python", "-m", "trainer"]
    script = container.command[2]
    assert PACKAGE.replace("gs://", "/gcs/") in script
    assert "locks/training.lock" in script and "locks/torch-cpu.lock" in script
    (other,) = as_launcher_parses(payload(Code.in_image("i"), CPU)).job_spec.worker_pool_specs
    assert container.args == other.container_spec.args

"""Rules on payloads; Google's and kfp's own code refuses what they find."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob
from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp
from kfp.local import placeholder_utils

from components.code import Code
from pipelines import training
from pipelines.lint import refused_payloads
from pipelines.lint.payloads.template import payloads
from pipelines.lint.pipeline import read
from tests.pipelines.lint.bad_pipelines import (
    OUTPUT,
    TRAINER,
    BadPipelines,
    RuleTests,
    compiled,
    job,
    machine,
    own_job,
    settings,
)
from tests.pipelines.lint.google_jobs import POOL, batch, tuning, upload

BAD = BadPipelines(refused_payloads)


def container(**spec: Any) -> None:
    job(container_spec={"image_uri": TRAINER} | spec)


# What Google's parser refuses.


@BAD.built("payload-refused", "Write NVIDIA_L4.")
def accelerator_with_the_name_of_an_older_line() -> None:
    machine(machine_type="n1-standard-8", accelerator_type="NVIDIA_TESLA_L4", accelerator_count=1)


@BAD.built("payload-refused", "Write NVIDIA_TESLA_T4.")
def accelerator_in_lower_case() -> None:
    machine(machine_type="n1-standard-8", accelerator_type="nvidia-tesla-t4", accelerator_count=1)


@BAD.built("payload-refused", "Write SPOT.")
def strategy_in_lower_case() -> None:
    settings(strategy="spot")


@BAD.built("payload-refused", '"7200s"')
def time_limit_without_unit() -> None:
    settings(timeout="7200")


@BAD.built("payload-refused", '"5400s"')
def time_limit_in_minutes() -> None:
    settings(timeout="90m")


@BAD.built("payload-refused", '"3600s"')
def time_limit_in_words() -> None:
    settings(timeout="an hour")


@BAD.built("payload-refused", '[{"name": "DEPTH", "value": "4"}]')
def environment_as_a_mapping() -> None:
    container(env={"DEPTH": "4"})


@BAD.built("payload-refused", '{"name": "DEPTH", "value": "4"}')
def environment_as_assignments() -> None:
    container(env=["DEPTH=4"])


@BAD.built("payload-refused", 'Write a string, "4"')
def number_in_the_environment() -> None:
    container(env=[{"name": "DEPTH", "value": 4}])


@BAD.built("payload-refused", '["python", "-m", "trainer"]')
def command_as_one_text() -> None:
    container(command="python -m trainer")


@BAD.built("payload-refused", 'Write a string, "3"')
def number_in_args() -> None:
    container(args=["--epochs", 3])


@BAD.built("payload-refused", "Write image_uri.")
def misspelt_field() -> None:
    job(container_spec={"image_url": TRAINER})


@BAD.built("payload-refused", "one of container_spec and python_package_spec")
def an_image_and_a_package() -> None:
    job(
        python_package_spec={
            "executor_image_uri": TRAINER,
            "package_uris": [f"{OUTPUT}/package.tar.gz"],
            "python_module": "trainer",
        }
    )


@BAD.built("payload-refused", "Write an object")
def machine_as_a_text() -> None:
    job(machine_spec="n1-standard-4")


@BAD.built("payload-refused", 'Write a string, "7"')
def label_that_is_a_number() -> None:
    settings(labels={"team": 7})


# What Google's parser takes, and Vertex AI refuses.


@BAD.built("payload-refused", '"image_uri"')
def pool_without_an_image() -> None:
    job(container_spec=None)


@BAD.built("payload-refused", "Give the image.")
def container_without_an_image() -> None:
    job(container_spec={"args": ["--epochs=3"]})


@BAD.built("payload-refused", "the first pool is the primary replica")
def two_primaries() -> None:
    job(replica_count=2)


@BAD.built("payload-refused", "Give 1")
def no_replica() -> None:
    job(replica_count=0)


@BAD.built("payload-refused", '"machine_type"')
def pool_without_a_machine() -> None:
    pool = {name: part for name, part in POOL.items() if name != "machine_spec"}
    settings(worker_pool_specs=[pool], persistent_resource_id="")


@BAD.built("payload-refused", "pd-ssd")
def unknown_disk() -> None:
    job(disk_spec={"boot_disk_type": "nvme"})


@BAD.built("payload-refused", "Give 100")
def disk_too_small() -> None:
    job(disk_spec={"boot_disk_type": "pd-ssd", "boot_disk_size_gb": 20})


@BAD.built("payload-refused", "gs://BUCKET/data/out")
def local_output_directory() -> None:
    settings(base_output_directory="/data/out")


@BAD.built("payload-refused", "me@PROJECT.iam.gserviceaccount.com")
def service_account_without_its_project() -> None:
    settings(service_account="me")


@BAD.built("payload-refused", "projects/NUMBER/global/networks/NAME")
def network_by_its_short_name() -> None:
    settings(network="my-vpc")


@BAD.built("payload-refused", "projects/NUMBER/global/networks/NAME")
def network_by_the_projects_id() -> None:
    settings(network="projects/my-project/global/networks/my-vpc")


@BAD.built("payload-refused", "Give service_account")
def tensorboard_without_an_account() -> None:
    settings(tensorboard="projects/1/locations/us-central1/tensorboards/2")


@BAD.built("payload-refused", "cryptoKeys")
def key_by_its_short_name() -> None:
    settings(encryption_spec_key_name="my-key")


@BAD.built("payload-refused", "Give worker_pool_specs.")
def job_without_pools() -> None:
    settings(worker_pool_specs=[])


# Other launchers than that of custom jobs; their payloads are `Concat`.


@BAD.built("payload-refused", "Write MAXIMIZE.")
def goal_that_is_none() -> None:
    tuning(study_spec_metrics=[{"metric_id": "auc", "goal": "maximise"}])


@BAD.built("payload-refused", "Give 1 or more.")
def no_trials() -> None:
    tuning(max_trial_count=0)


@BAD.built("payload-refused", "Name what to tune.")
def nothing_to_tune() -> None:
    tuning(study_spec_parameters=[])


@BAD.built("payload-refused", "the first pool is the primary replica")
def trials_of_two_primaries() -> None:
    tuning(worker_pool_specs=[POOL | {"replica_count": 2}])


@BAD.built("payload-refused", "gs://BUCKET/rows.jsonl")
def rows_on_a_disk() -> None:
    batch(gcs_source_uris=["/rows.jsonl"])


@BAD.built("payload-refused", "one of gcs_source and bigquery_source")
def rows_from_two_places() -> None:
    batch(bigquery_source_input_uri="bq://p.d.t")


@BAD.built("payload-refused", "Write NVIDIA_TESLA_T4.")
def prediction_on_a_misspelt_accelerator() -> None:
    batch(machine_type="n1-standard-8", accelerator_type="TESLA_T4", accelerator_count=1)


@BAD.built("payload-refused", "v1")
def alias_that_begins_with_a_digit() -> None:
    upload(version_aliases=["2"])


@BAD.built("payload-refused", "projects/NUMBER/global/networks/NAME")
def endpoint_in_a_network_by_its_short_name() -> None:
    EndpointCreateOp(display_name="serve", network="my-vpc")


# What Vertex AI takes, and the launcher's own code refuses.


@BAD.built("launcher-refused", "Write the number itself")
def int_parameter_in_worker_pool(gpus: int = 1) -> None:
    machine(
        machine_type="n1-standard-8", accelerator_type="NVIDIA_TESLA_T4", accelerator_count=gpus
    )


@BAD.built("launcher-refused", "Write disk_spec")
def camel_case() -> None:
    job(diskSpec={"bootDiskType": "pd-ssd"})


@BAD.built("payload-quote", "Use a value without")
def quote_in_a_default(name: str = 'the "best"') -> None:
    own_job(name=name)


def quoted_nothing() -> None:
    own_job(name="plain")


@BAD.edited("payload-refused", "Write a JSON object.")
def payload_that_is_not_json(spec: Any) -> None:
    container = spec["deploymentSpec"]["executors"]["exec-use"]["container"]
    launcher = "google_cloud_pipeline_components.container.v1.custom_job.launcher"
    container["command"] = ["python3", "-u", "-m", launcher]
    container["args"] = ["--type", "CustomJob", "--payload", "{'display_name': 'train'}"]


class TestRules(RuleTests):
    bad = BAD


def jobs(text: str) -> Iterator[Any]:
    """The payloads in a pipeline, after what Google's launcher does to them first."""
    for step in read(text, "it", {}).tasks:
        for payload in payloads(step):
            yield json_util.recursive_remove_empty(payload)


@pytest.mark.parametrize(
    "build",
    [
        accelerator_with_the_name_of_an_older_line,
        strategy_in_lower_case,
        time_limit_without_unit,
        environment_as_a_mapping,
        environment_as_assignments,
        number_in_the_environment,
        command_as_one_text,
        number_in_args,
        misspelt_field,
        an_image_and_a_package,
        machine_as_a_text,
        label_that_is_a_number,
    ],
)
def test_googles_parser_refuses_it(build: Callable[..., Any], tmp_path: Path) -> None:
    (payload,) = jobs(compiled(build, tmp_path))
    with pytest.raises(json_format.ParseError):
        CustomJob.from_json(json.dumps(payload))


@pytest.mark.parametrize("build", [int_parameter_in_worker_pool, camel_case])
def test_googles_launcher_refuses_it(build: Callable[..., Any], tmp_path: Path) -> None:
    (payload,) = jobs(compiled(build, tmp_path))
    with pytest.raises((TypeError, ValueError)):
        CustomJob(payload)
    CustomJob.from_json(json.dumps(payload))  # and the API does not


def test_googles_launcher_takes_the_sound_ones(tmp_path: Path) -> None:
    texts = [compiled(quoted_nothing, tmp_path), training.compiled(Code.in_image(TRAINER))]
    for text in texts:
        (payload,) = jobs(text)
        assert CustomJob(payload).job_spec.worker_pool_specs[0].replica_count == 1


def test_a_quote_breaks_the_payload() -> None:
    inputs = {"inputs": {"parameterValues": {"name": 'the "best"'}}, "outputs": {"outputFile": ""}}
    template = """{"name": "{{$.inputs.parameters['name']}}"}"""
    (text,) = placeholder_utils.replace_placeholders([template], inputs, "r", "t", "root", "id")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)

"""Rules on payloads; Google's and kfp's own code refuses what they find."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform import hyperparameter_tuning
from google.cloud.aiplatform_v1.types import CustomJob
from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.v1.batch_predict_job import ModelBatchPredictOp
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp
from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import (
    HyperparameterTuningJobRunOp,
    serialize_metrics,
    serialize_parameters,
)
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from hypothesis import assume, given
from hypothesis import strategies as st
from kfp import dsl
from kfp.local import placeholder_utils

from components.code import Code
from pipelines import training
from pipelines.lint import check, refused_payloads
from pipelines.lint.payloads.messages import api_problems, launcher_problems
from pipelines.lint.payloads.template import launch_type, payloads
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

BAD = BadPipelines(refused_payloads)
POOL = {
    "machine_spec": {"machine_type": "n1-standard-4"},
    "replica_count": 1,
    "container_spec": {"image_uri": TRAINER},
}


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


def tuning(**changes: Any) -> None:
    learning_rate = hyperparameter_tuning.DoubleParameterSpec(min=0.01, max=1, scale="log")
    given = {
        "display_name": "tune",
        "base_output_directory": OUTPUT,
        "worker_pool_specs": [POOL],
        "study_spec_metrics": serialize_metrics({"auc": "maximize"}),
        "study_spec_parameters": serialize_parameters({"learning_rate": learning_rate}),
        "max_trial_count": 4,
        "parallel_trial_count": 2,
    }
    HyperparameterTuningJobRunOp(**given | changes)


def batch(**changes: Any) -> None:
    given = {
        "job_display_name": "score",
        "gcs_source_uris": ["gs://bucket/rows/20260101.jsonl"],
        "gcs_destination_output_uri_prefix": OUTPUT,
    }
    ModelBatchPredictOp(**given | changes)


def upload(**changes: Any) -> None:
    model = dsl.importer(
        artifact_uri=f"{OUTPUT}/model",
        artifact_class=UnmanagedContainerModel,
        metadata={"containerSpec": {"imageUri": TRAINER}},
    )
    given = {"display_name": "m", "unmanaged_container_model": model.outputs["artifact"]}
    ModelUploadOp(**given | changes)


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


def known_in_the_run(
    project: str, image: str, account: str, rows: list[str], trials: int, network: str = ""
) -> None:
    """Nothing in it is known beforehand to be wrong."""
    settings(
        project=project,
        service_account=account,
        network=network,
        tensorboard="projects/1/locations/us-central1/tensorboards/2",
        worker_pool_specs=[POOL | {"container_spec": {"image_uri": image, "args": [account]}}],
    )
    tuning(project=project, max_trial_count=trials)
    batch(project=project, gcs_source_uris=rows)
    upload(project=project, version_aliases=["champion"])
    EndpointCreateOp(project=project, display_name="serve", network=network)
    settings(worker_pool_specs=rows)


def test_what_is_known_in_the_run_only_is_not_a_fault(tmp_path: Path) -> None:
    assert check(compiled(known_in_the_run, tmp_path)) == []


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


SCALARS = st.none() | st.booleans() | st.integers(-3, 200) | st.floats(-3, 3) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS | st.sampled_from(["SPOT", "3600s", "gs://bucket/a", "{{$.inputs.parameters['a']}}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abAB_", max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)


def every_kind() -> None:
    settings(timeout="3600s", strategy="SPOT", labels={"team": "a"})
    tuning()
    batch()
    upload(version_aliases=["champion"])
    EndpointCreateOp(display_name="serve")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A payload of each type that can be parsed."""
    pipeline = read(compiled(every_kind, tmp_path_factory.mktemp("sound")), "it", {})
    return {launch_type(task): payload for task in pipeline.tasks for payload in payloads(task)}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each mapping or list inside a payload, with each of its keys."""
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [each for key in keys for each in places(value[key])]


@given(data=st.data())
def test_a_part_of_another_kind_is_never_a_crash(
    sound: dict[str, Any], data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(sorted(sound)))
    payload = copy.deepcopy(sound[kind])
    holder, key = data.draw(st.sampled_from(places(payload)))
    holder[key] = data.draw(JSON)
    list(api_problems(kind, payload))
    list(launcher_problems(kind, payload))


@given(data=st.data())
def test_what_googles_parser_refuses_is_found(sound: dict[str, Any], data: st.DataObject) -> None:
    payload = copy.deepcopy(sound["CustomJob"])
    holder, key = data.draw(st.sampled_from(places(payload)))
    holder[key] = data.draw(JSON)
    assume("{{$" not in json.dumps(holder[key]))
    try:
        CustomJob.from_json(json.dumps(json_util.recursive_remove_empty(payload)))
    except json_format.ParseError:
        assert list(api_problems("CustomJob", payload))

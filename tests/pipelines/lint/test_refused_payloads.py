"""Rules on the payload of a training job; Google's and kfp's own code refuses what they find."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob, WorkerPoolSpec
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from kfp.local import placeholder_utils

from components.code import Code
from pipelines import training
from pipelines.lint import refused_payloads
from pipelines.lint.payloads.template import payloads
from pipelines.lint.pipeline import read
from pipelines.lint.refused_payloads import INT32_FIELDS
from tests.pipelines.lint.bad_pipelines import (
    TRAINER,
    BadPipelines,
    RuleTests,
    compiled,
    job,
    machine,
    own_job,
)

BAD = BadPipelines(refused_payloads)


@BAD.built("int-in-worker-pool")
def int_parameter_in_worker_pool(gpus: int = 1) -> None:
    machine(accelerator_type="NVIDIA_TESLA_T4", accelerator_count=gpus)


@BAD.built("int-in-worker-pool")
def number_in_args() -> None:
    job(container_spec={"image_uri": TRAINER, "args": ["--epochs", 3]})


@BAD.built("camel-case-in-payload")
def camel_case() -> None:
    job(diskSpec={"bootDiskType": "pd-ssd"})


@BAD.built("payload-quote")
def quote_in_a_default(name: str = 'the "best"') -> None:
    own_job(name=name)


def quoted_nothing() -> None:
    own_job(name="plain")


class TestRules(RuleTests):
    bad = BAD


def jobs(text: str) -> Iterator[Any]:
    """The payloads in a pipeline, after what Google's launcher does to them first."""
    for step in read(text, "it", {}).tasks:
        for payload in payloads(step):
            yield json_util.recursive_remove_empty(payload)


@pytest.mark.parametrize("build", [int_parameter_in_worker_pool, number_in_args, camel_case])
def test_googles_launcher_refuses_it(build: Callable[..., Any], tmp_path: Path) -> None:
    (payload,) = jobs(compiled(build, tmp_path))
    with pytest.raises((TypeError, ValueError)):
        CustomJob(payload)


def test_googles_launcher_takes_the_sound_ones(tmp_path: Path) -> None:
    texts = [compiled(quoted_nothing, tmp_path), training.compiled(Code.in_image(TRAINER))]
    for text in texts:
        (payload,) = jobs(text)
        assert CustomJob(payload).job_spec.worker_pool_specs[0].replica_count == 1


def test_the_int32_fields_are_those_of_googles_schema() -> None:
    def fields(message: Any) -> Iterator[tuple[str, str]]:
        for part in message.fields:
            for inner in part.message_type.fields if part.message_type else ():
                if inner.type == inner.TYPE_INT32:
                    yield part.name, inner.name

    assert set(fields(WorkerPoolSpec.pb(WorkerPoolSpec()).DESCRIPTOR)) == set(INT32_FIELDS)


def test_a_quote_breaks_the_payload() -> None:
    inputs = {"inputs": {"parameterValues": {"name": 'the "best"'}}, "outputs": {"outputFile": ""}}
    template = """{"name": "{{$.inputs.parameters['name']}}"}"""
    (text,) = placeholder_utils.replace_placeholders([template], inputs, "r", "t", "root", "id")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)

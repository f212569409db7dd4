"""The loopback cloud refuses what Vertex AI refuses, also where the SDK lets it pass."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from google.cloud import aiplatform_v1 as vertex
from google.protobuf import json_format

from components.code import Code
from pipelines import training
from tests.gcp.loopback import checks
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.rpc import Refused

Change = Callable[[dict[str, Any]], Any]
SPEC = yaml.safe_load(training.compiled(Code.in_image("registry/image:1")))


def pipeline_request(change: Change) -> vertex.CreatePipelineJobRequest:
    """A good request, changed."""
    content = {
        "pipelineJobId": "trial-1",
        "pipelineJob": {
            "displayName": "trial",
            "pipelineSpec": yaml.safe_load(yaml.safe_dump(SPEC)),
            "runtimeConfig": {
                "gcsOutputDirectory": "gs://bucket/root",
                "parameterValues": {"csv": "gs://bucket/a.csv", "schema": {}},
            },
            "labels": {"team": "risk"},
        },
    }
    change(content)
    request = vertex.CreatePipelineJobRequest()
    json_format.ParseDict(content, vertex.CreatePipelineJobRequest.pb(request))
    return request


def problems_of_pipeline(change: Change) -> Iterator[checks.Error]:
    request = pipeline_request(change)
    return checks.pipeline_job(request.pipeline_job, request.pipeline_job_id)


def values(content: dict[str, Any]) -> Any:
    return content["pipelineJob"]["runtimeConfig"]["parameterValues"]


def test_a_good_request_passes() -> None:
    assert not list(problems_of_pipeline(lambda content: None))
    changed = {"epochs": 5, "val_size": 0.25, "job_labels": {"a": "b"}, "restore_best": "false"}
    assert not list(problems_of_pipeline(lambda content: values(content).update(changed)))


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        (lambda c: c.update(pipelineJobId="Trial_1"), "pipeline_job_id", "must match"),
        (lambda c: c["pipelineJob"].update(displayName="x" * 129), "display_name", "128"),
        (lambda c: c["pipelineJob"]["labels"].update(Team="x"), "labels", "key 'Team'"),
        (lambda c: c["pipelineJob"]["labels"].update(team="Risk!"), "labels", "value 'Risk!'"),
        (
            lambda c: c["pipelineJob"]["labels"].update({f"k{n}": "v" for n in range(64)}),
            "labels",
            "at most 64",
        ),
        (
            lambda c: c["pipelineJob"]["runtimeConfig"].update(gcsOutputDirectory="here"),
            "gcs_output_directory",
            "Invalid GCS path",
        ),
        (lambda c: c["pipelineJob"].update(network="default"), "network", "Invalid network"),
        (
            lambda c: c["pipelineJob"].update(encryptionSpec={"kmsKeyName": "key"}),
            "kms_key_name",
            "Invalid key",
        ),
        (lambda c: values(c).update(epochs="5"), "parameter_values", "epochs must be of type"),
        (lambda c: values(c).update(epochs=5.5), "parameter_values", "epochs must be of type"),
        (lambda c: values(c).update(epochs=True), "parameter_values", "epochs must be of type"),
        (
            lambda c: values(c).update(job_labels=[]),
            "parameter_values",
            "job_labels must be of type",
        ),
        (lambda c: values(c).update(epoch=5), "parameter_values", "epoch is not defined"),
        (lambda c: values(c).pop("csv"), "parameter_values", "Missing required parameter csv"),
        (
            lambda c: c["pipelineJob"]["pipelineSpec"].update(surprise=1),
            "pipeline_spec",
            'no field named "surprise"',
        ),
        (
            lambda c: c["pipelineJob"]["pipelineSpec"]["pipelineInfo"].update(name="My Pipeline"),
            "pipeline_info.name",
            "must match",
        ),
        (
            lambda c: c["pipelineJob"]["pipelineSpec"].update(schemaVersion="1.0"),
            "schema_version",
            "2.0.0",
        ),
        (
            lambda c: c["pipelineJob"]["pipelineSpec"]["root"].update(dag={}),
            "pipeline_spec.root",
            "no tasks",
        ),
        (
            lambda c: c["pipelineJob"]["pipelineSpec"]["pipelineInfo"].update(
                description="x" * checks.MAX_SPEC_BYTES
            ),
            "pipeline_spec",
            "exceeds",
        ),
    ],
)
def test_a_bad_pipeline_job(change: Change, field: str, message: str) -> None:
    found = list(problems_of_pipeline(change))
    assert any(where.endswith(field) and message in what for where, what in found), found


def custom_job(change: Change) -> vertex.CustomJob:
    """A good training job, changed."""
    content = {
        "display_name": "train",
        "job_spec": {
            "worker_pool_specs": [
                {
                    "machine_spec": {"machine_type": "n1-standard-4"},
                    "replica_count": 1,
                    "container_spec": {"image_uri": "registry/image:1"},
                }
            ],
            "base_output_directory": {"output_uri_prefix": "gs://bucket/out"},
        },
    }
    change(content)
    return vertex.CustomJob(content)


def pool(content: dict[str, Any]) -> Any:
    return content["job_spec"]["worker_pool_specs"][0]


def machine(content: dict[str, Any]) -> Any:
    return pool(content)["machine_spec"]


T4 = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}


@pytest.mark.parametrize("change", [lambda c: None, lambda c: machine(c).update(T4)])
def test_a_good_training_job(change: Change) -> None:
    assert not list(checks.custom_job(custom_job(change)))


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        (lambda c: c.pop("display_name"), "display_name", "Required"),
        (lambda c: c["job_spec"].pop("worker_pool_specs"), "worker_pool_specs", "At least one"),
        (lambda c: pool(c).update(replica_count=2), "[0].replica_count", "must be 1"),
        (lambda c: pool(c).pop("replica_count"), "[0].replica_count", "at least 1"),
        (lambda c: pool(c).pop("container_spec"), "worker_pool_specs[0]", "One of"),
        (lambda c: pool(c)["container_spec"].pop("image_uri"), "image_uri", "Required"),
        (lambda c: machine(c).update(machine_type="huge"), "machine_type", '"huge"'),
        (
            lambda c: machine(c).update(accelerator_type="NVIDIA_TESLA_T4"),
            "accelerator_count",
            "together",
        ),
        (lambda c: machine(c).update(accelerator_count=1), "accelerator_count", "together"),
        (
            lambda c: machine(c).update(T4, machine_type="e2-standard-4"),
            "accelerator_type",
            "does not take",
        ),
        (
            lambda c: machine(c).update(T4, accelerator_count=3),
            "accelerator_type",
            "does not take 3",
        ),
        (
            lambda c: c["job_spec"]["base_output_directory"].update(output_uri_prefix="/tmp/out"),
            "output_uri_prefix",
            "Invalid GCS path",
        ),
        (lambda c: c["job_spec"].update(service_account="me"), "service_account", "Invalid"),
        (lambda c: c["job_spec"].update(network="default"), "job_spec.network", "Invalid network"),
        (lambda c: c.update(encryption_spec={"kms_key_name": "k"}), "kms_key_name", "Invalid key"),
        (lambda c: c.update(labels={"Team": "x"}), "labels", "key 'Team'"),
    ],
)
def test_a_bad_training_job(change: Change, field: str, message: str) -> None:
    found = list(checks.custom_job(custom_job(change)))
    assert any(where.endswith(field) and message in what for where, what in found), found


@pytest.mark.parametrize("cron", ["0 3 * * *", "TZ=America/Chicago 0 3 * * 1-5", "*/15 * * * *"])
def test_a_good_cron_expression(cron: str) -> None:
    assert not list(checks.cron(cron, Clock()))


@pytest.mark.parametrize("cron", ["", "0 3 * *", "* * * * * *", "61 * * * *", "TZ=Mars 0 3 * * *"])
def test_a_bad_cron_expression(cron: str) -> None:
    assert list(checks.cron(cron, Clock()))


def test_the_text_has_the_form_of_the_services() -> None:
    with pytest.raises(Refused) as caught:
        checks.refuse(iter([("labels", "bad key"), ("network", "bad name")]))
    assert str(caught.value) == (
        "List of found errors:\t1.Field: labels; Message: bad key"
        "\t2.Field: network; Message: bad name\t"
    )

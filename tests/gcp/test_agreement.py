"""`tabpipe lint` and the loopback cloud judge a training job apart: what one refuses, both do.

They share the forms of a job's fields. Machines, accelerators and labels each knows from tables and
rules of its own, so that a fault of one shows as a disagreement.
"""

import json
from typing import Any

import pytest
import yaml
from google.cloud import aiplatform_v1 as vertex
from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec
from hypothesis import given
from hypothesis import strategies as st
from kfp import compiler, dsl

from pipelines.lint import check
from tests.gcp.loopback import checks

ACCELERATORS = ("NVIDIA_TESLA_T4", "NVIDIA_TESLA_V100", "NVIDIA_L4", "NVIDIA_TESLA_A100")
MACHINES = ("n1-standard-4", "n1-standard-8", "e2-standard-4", "n2-standard-8")
WITH_THEIR_OWN = {"g2-standard-4": "NVIDIA_L4", "a2-highgpu-1g": "NVIDIA_TESLA_A100"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    @dsl.container_component
    def train(
        gcp_resources: dsl.OutputPath(str),  # type: ignore[valid-type]
    ) -> dsl.ContainerSpec:
        return build_serverless_customjob_container_spec(
            project="p", location="l", custom_job_payload={}, gcp_resources=gcp_resources
        )

    @dsl.pipeline(name="p")
    def pipeline() -> None:
        train()

    path = tmp_path_factory.mktemp("pipeline") / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path.read_text()


def lint_refuses(template: str, job: dict[str, Any]) -> bool:
    spec = yaml.safe_load(template)
    args = spec["deploymentSpec"]["executors"]["exec-train"]["container"]["args"]
    args[args.index("--payload") + 1] = json.dumps(job)
    return any(f.severity == "error" for f in check(json.dumps(spec)))


MACHINE = st.fixed_dictionaries(
    {"machine_type": st.sampled_from([*MACHINES, *WITH_THEIR_OWN])},
    optional={
        "accelerator_type": st.sampled_from(ACCELERATORS),
        "accelerator_count": st.sampled_from([0, 1, 2, 3, 4]),
    },
)
POOL = st.fixed_dictionaries(
    {"machine_spec": MACHINE, "replica_count": st.sampled_from([0, 1, 1, 1, 2])},
    optional={
        "container_spec": st.sampled_from([{}, {"image_uri": "registry/image:1"}]),
    },
)
JOB = st.fixed_dictionaries(
    {
        "display_name": st.sampled_from(["", "train"]),
        "job_spec": st.fixed_dictionaries(
            {"worker_pool_specs": st.lists(POOL, max_size=2)},
            optional={
                "service_account": st.sampled_from(["me", "me@p.iam.gserviceaccount.com"]),
                "base_output_directory": st.sampled_from(
                    [{"output_uri_prefix": "/out"}, {"output_uri_prefix": "gs://bucket/out"}]
                ),
            },
        ),
    },
    optional={"labels": st.sampled_from([{"Team": "a"}, {"team": "A!"}, {"team": "a-1"}])},
)


@given(job=JOB)
def test_what_the_cloud_refuses_lint_finds(template: str, job: dict[str, Any]) -> None:
    refused = list(checks.custom_job(vertex.CustomJob(job)))
    assert not refused or lint_refuses(template, job), refused


@given(
    job=JOB,
    machine=st.sampled_from(
        [
            {"machine_type": "n1-standard-8"},
            {
                "machine_type": "n1-standard-8",
                "accelerator_type": "NVIDIA_TESLA_T4",
                "accelerator_count": 2,
            },
            {
                "machine_type": "g2-standard-4",
                "accelerator_type": "NVIDIA_L4",
                "accelerator_count": 1,
            },
        ]
    ),
)
def test_what_lint_finds_the_cloud_refuses(
    template: str, job: dict[str, Any], machine: dict[str, Any]
) -> None:
    # Lint's table of machines is the finer one, so only machines that are right are compared.
    for pool in job["job_spec"]["worker_pool_specs"]:
        pool["machine_spec"] = machine
    if lint_refuses(template, job):
        assert list(checks.custom_job(vertex.CustomJob(job)))

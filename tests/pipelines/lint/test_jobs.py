"""Rules on the machines of a run."""

from pathlib import Path
from typing import Any

import pytest
from google_cloud_pipeline_components.v1.batch_predict_job import ModelBatchPredictOp

from pipelines.lint import check, jobs
from pipelines.prices.machines import mismatch
from tests.pipelines.lint.bad_pipelines import (
    OUTPUT,
    TRAINER,
    BadPipelines,
    RuleTests,
    compiled,
    job,
    machine,
    make,
    use,
)

BAD = BadPipelines(jobs)


def step() -> Any:
    return use(data=make(rows=1).outputs["data"], k=1)


@BAD.built("accelerator-pair", "Give both or neither")
def type_without_count() -> None:
    machine(accelerator_type="NVIDIA_TESLA_T4")


@BAD.built("accelerator-pair", "Give both or neither")
def count_without_type(kind: str = "ACCELERATOR_TYPE_UNSPECIFIED") -> None:
    machine(accelerator_type=kind, accelerator_count=1)


@BAD.built("accelerator-pair", "Give both or neither")
def step_with_a_count_alone() -> None:
    step().set_accelerator_limit(1)


@BAD.built("accelerator-machine", "n1-standard-8 with 1 NVIDIA_TESLA_T4")
def gpu_on_a_machine_that_takes_none() -> None:
    machine(machine_type="e2-standard-4", accelerator_type="NVIDIA_TESLA_T4", accelerator_count=1)


@BAD.built("accelerator-machine", "g2-standard-4 with 1 NVIDIA_L4")
def gpu_that_the_table_lacks_on_a_machine_that_takes_none() -> None:
    gpu = {"accelerator_type": "NVIDIA_RTX_PRO_6000", "accelerator_count": 1}
    machine(machine_type="n2-standard-8", **gpu)


@BAD.built("accelerator-machine", "n1-standard-8 with 1 NVIDIA_TESLA_T4")
def prediction_on_a_machine_that_takes_no_gpu() -> None:
    ModelBatchPredictOp(
        job_display_name="score",
        gcs_source_uris=["gs://bucket/rows/20260101.jsonl"],
        gcs_destination_output_uri_prefix=OUTPUT,
        machine_type="n2-standard-2",
        accelerator_type="NVIDIA_TESLA_T4",
        accelerator_count=1,
    )


@BAD.built("accelerator-type", '.set_accelerator_type("NVIDIA_TESLA_T4")')
def step_with_a_resource_of_kubernetes() -> None:
    step().set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(1)


@BAD.built("accelerator-type", '.set_accelerator_type("NVIDIA_TESLA_V100")')
def step_with_an_accelerator_in_lower_case() -> None:
    step().set_accelerator_type("nvidia-tesla-v100").set_accelerator_limit(1)


@BAD.built("accelerator-type", '.set_accelerator_type("NVIDIA_L4")')
def step_with_an_accelerator_of_an_older_line() -> None:
    step().set_accelerator_type("NVIDIA_TESLA_L4").set_accelerator_limit(1)


@BAD.built("accelerator-retired", "NVIDIA_TESLA_T4 with n1-standard-8")
def accelerator_out_of_service() -> None:
    machine(machine_type="n1-standard-8", accelerator_type="NVIDIA_TESLA_K80", accelerator_count=1)


@BAD.built("machine-type", "Use n1-standard-4 or a larger one")
def machine_too_small_for_training() -> None:
    machine(machine_type="n1-standard-1")


@BAD.built("machine-type", "Use n1-highcpu-16 or a larger one")
def machine_of_too_little_memory() -> None:
    machine(machine_type="n1-highcpu-8")


@BAD.built("gpu-with-cpu-image", "Use an image with CUDA")
def gpu_with_the_cpu_image(image: str = "registry/trainer-cpu:1") -> None:
    gpu = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}
    job(
        machine_spec={"machine_type": "n1-standard-4"} | gpu,
        container_spec={"image_uri": image},
    )


@BAD.built("shared-output-directory", "Write to the URI of an output artifact")
def one_directory_for_all_runs() -> None:
    job(container_spec={"image_uri": TRAINER, "args": ["--model-out", "gs://bucket/model"]})


class TestRules(RuleTests):
    bad = BAD


@pytest.mark.parametrize("machine_type", ["n1-standard-4", "n1-highcpu-16", "c2-standard-8"])
def test_machines_of_custom_training(machine_type: str, tmp_path: Path) -> None:
    def pipeline() -> None:
        machine(machine_type=machine_type)

    assert check(compiled(pipeline, tmp_path)) == []


def test_a_prediction_may_have_a_smaller_machine(tmp_path: Path) -> None:
    def pipeline() -> None:
        ModelBatchPredictOp(
            job_display_name="score",
            gcs_source_uris=["gs://bucket/rows/20260101.jsonl"],
            gcs_destination_output_uri_prefix=OUTPUT,
            machine_type="n1-standard-2",
        )

    assert check(compiled(pipeline, tmp_path)) == []


@pytest.mark.parametrize("machine_type", ["e2-standard-4", "n2-highmem-8", "c3-standard-22"])
@pytest.mark.parametrize("accelerator", ["NVIDIA_GB200", "NVIDIA_OF_NEXT_YEAR"])
def test_a_series_without_accelerators_takes_none_whatever_its_name(
    machine_type: str, accelerator: str
) -> None:
    problem = mismatch(machine_type, accelerator, 1)
    assert problem == f"the series {machine_type.split('-')[0]} has no accelerators"
    assert mismatch("a9-nextgpu-1g", accelerator, 1) is None

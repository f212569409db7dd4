"""Rules on the machines of a run."""

from pipelines.lint import jobs
from tests.pipelines.lint.bad_pipelines import (
    TRAINER,
    BadPipelines,
    RuleTests,
    job,
    machine,
    make,
    use,
)

BAD = BadPipelines(jobs)


@BAD.built("accelerator-pair")
def type_without_count() -> None:
    machine(accelerator_type="NVIDIA_TESLA_T4")


@BAD.built("accelerator-pair")
def count_without_type(kind: str = "ACCELERATOR_TYPE_UNSPECIFIED") -> None:
    machine(accelerator_type=kind, accelerator_count=1)


@BAD.built("accelerator-pair")
def step_with_a_count_alone() -> None:
    use(data=make(rows=1).outputs["data"], k=1).set_accelerator_limit(1)


@BAD.built("accelerator-machine")
def gpu_on_a_machine_that_takes_none() -> None:
    machine(machine_type="e2-standard-4", accelerator_type="NVIDIA_TESLA_T4", accelerator_count=1)


@BAD.built("gpu-with-cpu-image")
def gpu_with_the_cpu_image(
    image: str = "us-docker.pkg.dev/vertex-ai/training/pytorch-xla.2-4.py310:latest",
) -> None:
    gpu = {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1}
    job(
        machine_spec={"machine_type": "n1-standard-4"} | gpu,
        container_spec=None,
        python_package_spec={"executor_image_uri": image, "python_module": "trainer"},
    )


@BAD.built("shared-output-directory")
def one_directory_for_all_runs() -> None:
    job(container_spec={"image_uri": TRAINER, "args": ["--model-out", "gs://bucket/model"]})


class TestRules(RuleTests):
    bad = BAD

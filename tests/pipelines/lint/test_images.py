"""The rule on Google's prebuilt images."""

import datetime
from typing import Any

import pytest
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp import dsl

from pipelines.lint import images
from pipelines.lint.images import end_of_availability
from tests.pipelines.lint.bad_pipelines import OUTPUT, BadPipelines, RuleTests, job

BAD = BadPipelines(images)
REPOSITORY = "us-docker.pkg.dev/vertex-ai"


@BAD.built("image-availability", "Build an image of your own")
def package_on_a_prebuilt_image() -> None:
    package = {"package_uris": [f"{OUTPUT}/t.tar.gz"], "python_module": "trainer"}
    image = f"{REPOSITORY}/training/pytorch-gpu.2-3.py310:latest"
    job(container_spec=None, python_package_spec={"executor_image_uri": image} | package)


@BAD.built("image-availability", "Build an image of your own")
def step_on_a_prebuilt_image() -> None:
    @dsl.component(base_image="europe-docker.pkg.dev/vertex-ai/training/tf-cpu.2-12.py310:latest")
    def read(path: str) -> int:
        return len(path)

    read(path="x")


@BAD.built("image-availability", "Build an image of your own")
def model_served_by_a_prebuilt_image() -> None:
    metadata: Any = {"containerSpec": {"imageUri": f"{REPOSITORY}/prediction/tf2-cpu.2-8:latest"}}
    model = dsl.importer(
        artifact_uri=f"{OUTPUT}/model", artifact_class=UnmanagedContainerModel, metadata=metadata
    )
    ModelUploadOp(display_name="m", unmanaged_container_model=model.outputs["artifact"])


class TestRules(RuleTests):
    bad = BAD


@pytest.mark.parametrize(
    ("image", "end"),
    [
        (f"{REPOSITORY}/training/pytorch-xla.2-4.py310:latest", datetime.date(2026, 7, 24)),
        (f"{REPOSITORY}/training/pytorch-gpu.1-13.py310:latest", datetime.date(2026, 7, 24)),
        ("gcr.io/cloud-aiplatform/training/tf-gpu.2-11:latest", datetime.date(2025, 6, 30)),
        (f"{REPOSITORY}/prediction/tf2-cpu.2-15:latest", datetime.date(2027, 1, 14)),
        (f"{REPOSITORY}/training/pytorch-gpu.2-10.py312:latest", None),  # 2.10 is after 2.4
        (f"{REPOSITORY}/training/jax-gpu.0-4.py310:latest", None),
        ("us-docker.pkg.dev/my-project/training/pytorch-gpu.2-3.py310:latest", None),
        ("pytorch/pytorch:2.4.0", None),
    ],
)
def test_the_end_of_a_version_is_no_later_than_that_of_the_next(
    image: str, end: datetime.date | None
) -> None:
    assert end_of_availability(image) == end

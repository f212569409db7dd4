"""`tabpipe image build`: what it sends to Cloud Build, and what it leaves in tabpipe.toml."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.vertex.images import pin
from tests.gcp.conftest import CSV, shell_of
from tests.gcp.loopback.cloud import Cloud
from tests.gcp.loopback.names import PROJECT
from tests.shell import Shell

pytestmark = pytest.mark.slow

ACCOUNT = f"trainer@{PROJECT}.iam.gserviceaccount.com"
BUILD = ["image", "build", "--service-account", ACCOUNT]
T4 = ["--accelerator", "NVIDIA_TESLA_T4:1"]


@pytest.fixture
def shell(recorder: Cloud, tmp_path: Path) -> Iterator[Shell]:
    """In a directory of its own, since the command writes tabpipe.toml."""
    with closing(shell_of(recorder, tmp_path)) as shell:
        yield shell


def test_images_are_built_pinned_by_digest_and_used(
    recorder: Cloud, shell: Shell, tmp_path: Path
) -> None:
    refused = shell("submit", CSV, *T4)
    assert refused.error.endswith("tabpipe image build --gpu builds one")
    for flags, name in (([], "image"), (["--gpu"], "gpu_image")):
        built = shell(*BUILD, *flags)
        assert built.status == 0, built.stderr
        assert re.fullmatch(rf'{name} = "\S+@sha256:[0-9a-f]{{64}}"\n', built.stdout)
        assert built.stdout in (tmp_path / "tabpipe.toml").read_text()
        assert "Step : FROM python:3.11-slim" in built.stderr
    cpu, gpu = recorder.builds.builds.values()
    assert cpu["serviceAccount"] == f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}"
    assert cpu["source"] == gpu["source"]  # uploaded once
    assert "TORCH=cu126" in gpu["steps"][0]["args"] and "TORCH=cu126" not in str(cpu["steps"])

    submitted = shell("submit", CSV, *T4)
    assert submitted.status == 0, submitted.stderr
    (request,) = recorder.calls("CreatePipelineJob")
    spec = type(request.pipeline_job).to_dict(request.pipeline_job)["pipeline_spec"]
    training = spec["root"]["inputDefinitions"]["parameters"]["training_image"]["defaultValue"]
    assert training.endswith("@" + gpu["results"]["images"][0]["digest"])
    step = spec["deploymentSpec"]["executors"]["exec-collect"]["container"]
    assert step["image"].endswith("@" + cpu["results"]["images"][0]["digest"])


def test_where_the_image_with_cuda_is_the_only_one_all_steps_run_in_it(
    recorder: Cloud, shell: Shell
) -> None:
    image = ["--gpu-image", "us-docker.pkg.dev/p/r/gpu:1"]
    for arguments, images in (([*image, *T4], {image[1]}), (image, {"python:3.11-slim"})):
        recorder.forget()
        submitted = shell("submit", CSV, *arguments)
        assert submitted.status == 0, submitted.stderr
        (request,) = recorder.calls("CreatePipelineJob")
        spec = type(request.pipeline_job).to_dict(request.pipeline_job)["pipeline_spec"]
        executors = spec["deploymentSpec"]["executors"]
        steps = [executors[f"exec-{name}"] for name in ("snapshot", "preprocess", "collect")]
        training = spec["root"]["inputDefinitions"]["parameters"]["training_image"]
        assert {step["container"]["image"] for step in steps} == images
        assert training["defaultValue"] in images


def test_a_build_that_fails_says_why_and_pins_nothing(
    recorder: Cloud, shell: Shell, tmp_path: Path
) -> None:
    recorder.builds.failure = why = "step 0 failed: no space left on device"
    failed = shell(*BUILD)
    assert failed.status == 1
    assert failed.error.endswith(f"must succeed, got FAILURE: {why}")
    assert not (tmp_path / "tabpipe.toml").exists()


def test_a_setting_is_pinned_above_the_profiles_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "tabpipe.toml"
    path.write_text('project = "p"\n# mine\nimage = "old"\n\n[profile.prod]\nimage = "other"\n')
    pin(tmp_path, path.name, "image", "new@sha256:1")
    pin(tmp_path, path.name, "gpu_image", "gpu@sha256:2")
    assert path.read_text() == (
        'gpu_image = "gpu@sha256:2"\nproject = "p"\n# mine\nimage = "new@sha256:1"\n'
        '\n[profile.prod]\nimage = "other"\n'
    )

"""The graph: what its YAML says, and that it says the same at every compile."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.code import Code
from pipelines import names, training
from trainer.config import Config

ROOT = Path(__file__).parents[2]
PACKAGE = "gs://bucket/staging/vertex_tabular-0.1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(training.compiled(Code.in_image("registry/image:1")))
    return content


def test_two_processes_compile_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for file in files:
        command = [sys.executable, "compile.py", "--output", str(file)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(list(yaml.safe_load_all(files[0].read_text()))) == 1


def test_every_step_has_a_display_name(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    assert list(tasks) == ["collect", "preprocess", "snapshot", "train"]
    for name, task in tasks.items():
        assert task["taskInfo"]["name"] != name


def test_every_parameter_has_a_description(spec: dict[str, Any]) -> None:
    for name, parameter in spec["root"]["inputDefinitions"]["parameters"].items():
        assert parameter.get("description"), name


def test_table_and_schema_must_be_given(spec: dict[str, Any]) -> None:
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert [name for name, p in parameters.items() if not p.get("isOptional")] == ["csv", "schema"]
    for name in ("csv", "schema"):
        assert f"`{name}`" in spec["pipelineInfo"]["description"]


def test_collect_needs_the_run_directory_alone(spec: dict[str, Any]) -> None:
    inputs = spec["root"]["dag"]["tasks"]["collect"]["inputs"]
    assert list(inputs["artifacts"]) == ["run_directory"]
    assert list(inputs["parameters"]) == ["gcp_resources"]


def test_a_form_leaves_to_the_model_what_is_not_set(spec: dict[str, Any]) -> None:
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["model"]["defaultValue"] == "auto"
    for name, none in (("epochs", 0.0), ("l2", -1.0), ("hidden_layers", ""), ("restore_best", "")):
        assert parameters[name]["defaultValue"] == none
        assert "the model's own)" in parameters[name]["description"]


def test_only_preprocess_and_train_are_cached(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    cached = [name for name, task in tasks.items() if task["cachingOptions"].get("enableCache")]
    assert cached == ["preprocess", "train"]


def test_preprocess_takes_parameters_only_so_that_it_can_hit_the_cache(
    spec: dict[str, Any],
) -> None:
    assert "artifacts" not in spec["components"]["comp-preprocess"]["inputDefinitions"]


def test_nothing_is_installed_at_run_time_in_image_mode(spec: dict[str, Any]) -> None:
    assert "pip install" not in yaml.safe_dump(spec["deploymentSpec"])


def test_the_package_reaches_every_step_in_package_mode() -> None:
    spec = yaml.safe_load(training.compiled(Code.in_package(PACKAGE)))
    executors = spec["deploymentSpec"]["executors"]
    for step in ("snapshot", "preprocess", "collect"):
        container = executors[f"exec-{step}"]["container"]
        assert container["image"] == "python:3.11-slim"
        assert PACKAGE.replace("gs://", "/gcs/") in " ".join(container["command"])
    payload = " ".join(executors["exec-train"]["container"]["args"])
    assert PACKAGE.replace("gs://", "/gcs/") in payload
    assert "python_package_spec" not in payload


def test_defaults_of_the_yaml_but_that_of_the_model_are_the_trainers(spec: dict[str, Any]) -> None:
    required = ["--train=t", "--val=v"]
    trainer = Config.from_args(required)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    shared = sorted(parameters.keys() & vars(trainer).keys())
    assert {"hidden_layers", "epochs", "restore_best", "class_weight"} <= set(shared)
    flags = [f"--{name}={parameters[name]['defaultValue']}" for name in shared]
    assert Config.from_args([*required, *flags, "--model=mlp"]) == trainer


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--replicas", "0"], "--replicas must be at least 1, got 0"),
        (["--package-uri", "wheel.whl"], "a package URI must be gs://….whl, got wheel.whl"),
        (["--image", "a", "--package-uri", PACKAGE], "not allowed with argument"),
    ],
)
def test_bad_usage_of_compile(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    output = tmp_path / "training.yaml"
    command = [sys.executable, "compile.py", "--output", str(output), *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert not output.exists()


def test_googles_own_sdk_takes_the_yaml_and_its_parameters(tmp_path: Path) -> None:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform

    path = tmp_path / "training.yaml"
    path.write_text(training.compiled(Code.in_image("registry/image:1")))

    def job(**parameters: object) -> aiplatform.PipelineJob:
        return aiplatform.PipelineJob(
            display_name="doe-titanic",
            template_path=str(path),
            pipeline_root="gs://bucket/runs",
            parameter_values=parameters,
            project="project",
            location="us-central1",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        )

    assert job(csv="gs://bucket/a.csv", epochs=5).job_id.startswith(names.TRAINING)
    with pytest.raises(ValueError, match="epoch"):
        job(csv="gs://bucket/a.csv", epoch=5)

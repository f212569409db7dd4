"""What cannot run here is refused before anything starts: the task, what it is, and the cure."""

import json
import re
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from google_cloud_pipeline_components.v1.bigquery import BigqueryQueryJobOp
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from kfp import dsl

from pipelines.local.graph.requirements import missing
from pipelines.local.graph.run import graph_request
from tests.pipelines.local.graph.components_to_run import content, end, say
from tests.pipelines.local.graph.conftest import Compiled
from trainer.errors import InputError

PYTHON = "python:3.11"
NUMPY = version("numpy")
SUBMIT = "submit the pipeline"
GIVE = "give the component a command"
LIGHTWEIGHT = "a lightweight component"
POOL = "payload.job_spec.worker_pool_specs[0]"


@dsl.component(base_image=PYTHON, packages_to_install=["no-such-package>=2"])
def with_unknown_package() -> str:
    return ""


@dsl.component(base_image=PYTHON, packages_to_install=["numpy<1"])
def with_old_package() -> str:
    return ""


@dsl.component(base_image=PYTHON, packages_to_install=["numpy", "packaging>=20"])
def with_known_packages() -> str:
    return ""


@dsl.component(base_image=PYTHON, target_image="an/image")
def in_image() -> str:
    return ""


@dsl.container_component
def without_command():  # type: ignore[no-untyped-def]
    return dsl.ContainerSpec(image="an/image", args=["--help"])


@dsl.container_component
def of_unknown_program():  # type: ignore[no-untyped-def]
    return dsl.ContainerSpec(image="an/image", command=["nope", "x"])


@dsl.container_component
def of_unknown_module():  # type: ignore[no-untyped-def]
    return dsl.ContainerSpec(image="an/image", command=["python3", "-u", "-m", "no_such_module"])


@dsl.container_component
def of_unknown_file():  # type: ignore[no-untyped-def]
    return dsl.ContainerSpec(image="an/image", command=["python", "/no/main.py"])


@dsl.container_component
def of_unknown_script():  # type: ignore[no-untyped-def]
    return dsl.ContainerSpec(image="an/image", command=["sh", "-e", "run.sh"])


def status() -> None:
    end(path="a")


def query() -> None:
    BigqueryQueryJobOp(project="p", query="SELECT 1")


def job() -> None:
    pool = {"container_spec": {"image_uri": "an/image"}, "replica_count": 1}
    CustomTrainingJobOp(display_name="d", project="p", worker_pool_specs=[pool])


IN_AN_IMAGE = "of the image an/image; install"
REFUSED = [
    (
        with_unknown_package,
        "with-unknown-package: the package no-such-package>=2; pip install 'no-such-package>=2'",
    ),
    (
        with_old_package,
        f"with-old-package: the package numpy<1 (installed: {NUMPY}); pip install 'numpy<1'",
    ),
    (in_image, f"in-image: Python code in the image an/image; make it {LIGHTWEIGHT}, or {SUBMIT}"),
    (
        without_command,
        f"without-command: the entry point of the image an/image; {GIVE}",
    ),
    (
        of_unknown_program,
        f"of-unknown-program: the program nope {IN_AN_IMAGE} nope, or {SUBMIT}",
    ),
    (
        of_unknown_module,
        f"of-unknown-module: the module no_such_module {IN_AN_IMAGE} it, or {SUBMIT}",
    ),
    (of_unknown_file, f"of-unknown-file: the file /no/main.py of the image an/image; {SUBMIT}"),
    (
        query,
        f"bigquery-query-job: a job of Google Cloud (v1.bigquery.query_job.launcher); {SUBMIT}",
    ),
    (
        job,
        f"custom-training-job: {POOL}: the entry point of the image an/image; {GIVE}",
    ),
]


@pytest.mark.parametrize(("task", "line"), REFUSED)
def test_a_task_that_cannot_run_is_named(
    compiled: Compiled, task: Callable[[], Any], line: str
) -> None:
    def refused():  # type: ignore[no-untyped-def]
        with dsl.ParallelFor([1]):
            task()

    path = compiled(refused)
    with pytest.raises(InputError) as refusal:
        graph_request(path, [])
    assert str(refusal.value) == (
        f"every task must be one that this machine can run, got {path}:\n  root/for-loop-2/{line}"
    )


def test_each_task_has_its_line(compiled: Compiled) -> None:
    def several():  # type: ignore[no-untyped-def]
        of_unknown_file()
        of_unknown_program()
        with_known_packages()

    with pytest.raises(InputError) as refusal:
        graph_request(compiled(several), [])
    assert len(str(refusal.value).splitlines()) == 3


def test_an_artifact_as_input_of_the_pipeline_is_refused(compiled: Compiled) -> None:
    def given(data: dsl.Input[dsl.Dataset]):  # type: ignore[no-untyped-def]
        content(data=data)

    with pytest.raises(InputError, match=r"root: the input data is system\.Dataset; import it"):
        graph_request(compiled(given), [])


def change(path: Path, *place: str, value: Any) -> None:
    """Puts a value into a compiled file."""
    document = yaml.safe_load(path.read_text())
    inside = document
    for key in place[:-1]:
        inside = inside.setdefault(key, {})
    inside[place[-1]] = value
    path.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["schemaVersion"], "2.0.0", "schemaVersion 2.0.0: compile the pipeline with kfp 2"),
        (
            ["root", "dag", "tasks", "say", "componentRef", "name"],
            "comp-gone",
            "root/say: no component comp-gone; compile the pipeline again",
        ),
        (
            ["root", "dag", "tasks", "say", "triggerPolicy", "condition"],
            "size(x) > 1",
            "root/say: the condition size(x) > 1 (",
        ),
        (["root", "dag", "tasks", "say", "dependentTasks"], ["gone"], "root: tasks that wait for"),
        (
            ["deploymentSpec", "executors", "exec-say"],
            {"resolver": {}},
            "root/say: an executor of kind resolver; make it",
        ),
        (["root", "dag", "tasks", "say", "inputs"], {}, "root/say: its input text has no value"),
        (["root", "dag"], {"tasks": {}}, "root: a graph without tasks"),
    ],
)
def test_a_file_that_was_changed_is_refused(
    compiled: Compiled, place: list[str], value: Any, said: str
) -> None:
    def simple():  # type: ignore[no-untyped-def]
        say(text="x")

    path = compiled(simple)
    change(path, *place, value=value)
    with pytest.raises(InputError, match=re.escape(said)):
        graph_request(path, [])


def test_settings_for_kubernetes_are_refused_where_they_matter(compiled: Compiled) -> None:
    def simple():  # type: ignore[no-untyped-def]
        say(text="x")

    path = compiled(simple)
    settings = {"nodeSelector": {}, "secretAsEnv": [{"secretName": "s"}]}
    platform = {"deploymentSpec": {"executors": {"exec-say": settings}}}
    further = yaml.safe_dump({"platforms": {"kubernetes": platform}})
    path.write_text(f"{path.read_text()}---\n{further}")
    with pytest.raises(InputError) as refusal:
        graph_request(path, [])
    assert str(refusal.value).endswith(
        "  root/say: secretAsEnv of Kubernetes; leave it out, or run the pipeline there"
    )


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([], "--set number= must be given"),
        (["number=1", "other=2"], "--set must name a parameter, got other; there are name, number"),
        (["number=1.5"], "number must be a whole number, got 1.5"),
        (["number"], "--set must be NAME=VALUE, got number"),
    ],
)
def test_values_are_checked_by_the_inputs_of_the_file(
    compiled: Compiled, sets: list[str], said: str
) -> None:
    def typed(number: int, name: str = "x"):  # type: ignore[no-untyped-def]
        say(text=f"{name} {number}")

    with pytest.raises(InputError) as refusal:
        graph_request(compiled(typed), sets)
    assert str(refusal.value) == said


@pytest.mark.parametrize("text", ["", "a: [", "[]", "a: 1", "root: 1\ndeploymentSpec: 2", "\x00"])
def test_a_file_that_is_no_pipeline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="must be"):
        graph_request(path, [])


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('pip install --index-url https://a/b numpy && "$0" "$@"', []),
        ("pip install 'numpy>=1' 'nope; python_version<\"3\"' && x", []),
        ("pip install -r requirements.txt", ["-r requirements.txt"]),
        ("pip install --quiet 'kfp==2.0.1' nope", ["nope"]),
        ("pip install git+https://a/b.git", ["git+https://a/b.git"]),
    ],
)
def test_requirements_are_read_from_the_script(script: str, found: list[str]) -> None:
    given = list(missing(["sh", "-c", script, "sh", "-ec", "x"]))
    assert [each.partition(" (")[0] for each in given] == found


def shipped() -> list[Any]:
    """The compiled pipelines in the package of Google Cloud Pipeline Components."""
    root = Path(str(files("google_cloud_pipeline_components")))
    return [
        pytest.param(path, id=path.stem)
        for path in sorted(root.rglob("*_pipeline.*"))
        if path.suffix in (".yaml", ".json")
    ]


@pytest.mark.parametrize("path", shipped())
def test_every_pipeline_that_google_ships_is_refused_by_name(path: Path) -> None:
    with pytest.raises(InputError, match="every task must be one that this machine can run") as it:
        graph_request(path, [])
    _, *lines = str(it.value).splitlines()
    assert all(re.match(r"  (root|schemaVersion|and )\S* ?.*(; |: |more)", line) for line in lines)


def test_a_json_file_runs_as_well(compiled: Compiled) -> None:
    def simple(text: str = "a"):  # type: ignore[no-untyped-def]
        say(text=text)

    path = compiled(simple)
    spec = yaml.safe_load(path.read_text())
    job_file = path.with_suffix(".json")
    job_file.write_text(json.dumps({"pipelineSpec": spec, "runtimeConfig": {}}))
    assert graph_request(job_file, ["text=b"]).parameters == {"text": "b"}

"""Pipelines that the tests of the rules compile: parts of them, and the bad ones of a module."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from kfp import compiler, dsl

from pipelines.lint import Finding, check
from pipelines.lint.rule import RULES

PYTHON = "python:3.11"
TRAINER = "us-docker.pkg.dev/p/r/trainer:1.0"
OUTPUT = f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/job"

Bad = Callable[[Path], str]  # the YAML of a pipeline, given a directory to compile it in


class BadPipelines:
    """The bad pipelines of a module of rules: each has one fault, which one rule finds.

    Args:
        module: its rules are those that it registers.
    """

    def __init__(self, module: ModuleType) -> None:
        self.cases: list[tuple[str, str, Bad]] = []
        self._module = module

    def built(self, rule: str, cure: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Makes a function the body of a pipeline in which that rule alone finds a fault.

        Args:
            rule: the one that finds it.
            cure: a part of what each finding says to do.
        """

        def add(build: Callable[..., Any]) -> Callable[..., Any]:
            self.cases.append((rule, cure, lambda tmp_path: compiled(build, tmp_path)))
            return build

        return add

    def edited(
        self, rule: str, cure: str
    ) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """Makes a function a change of a sound spec, which the compiler would not write."""

        def add(edit: Callable[[Any], None]) -> Callable[[Any], None]:
            def text(tmp_path: Path) -> str:
                spec = yaml.safe_load(compiled(make_and_use, tmp_path))
                edit(spec)
                return yaml.safe_dump(spec)

            self.cases.append((rule, cure, text))
            return edit

        return add

    def rules_without_one(self) -> set[str]:
        """The module's rules that no bad pipeline shows."""
        registered = {
            rule.id for rule in RULES.values() if rule.check.__module__ == self._module.__name__
        }
        return registered - {rule for rule, _, _ in self.cases}


def assert_only(rule: str, cure: str, text: str) -> None:
    """The pipeline breaks that rule and no other, and each finding is complete."""
    findings = check(text)
    assert {finding.rule for finding in findings} == {rule}, findings
    for finding in findings:
        assert all([finding.place, finding.found, finding.why])
        assert cure in finding.fix


class RuleTests:
    """The tests of every module of rules.

    Attributes:
        bad: its bad pipelines.
        elsewhere: rules that a test of the module's own shows.
    """

    bad: BadPipelines
    elsewhere: frozenset[str] = frozenset()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "rule" in metafunc.fixturenames:
            metafunc.parametrize(("rule", "cure", "text"), self.bad.cases)

    def test_a_rule_finds_its_fault_and_no_other_rule_finds_any(
        self, rule: str, cure: str, text: Bad, tmp_path: Path
    ) -> None:
        assert_only(rule, cure, text(tmp_path))

    def test_every_rule_has_a_bad_pipeline(self) -> None:
        assert self.bad.rules_without_one() == self.elsewhere


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


@dsl.component(base_image=PYTHON)
def make(rows: int, data: dsl.Output[dsl.Dataset]) -> int:
    with open(data.path, "w") as file:
        file.write("x" * rows)
    return rows


@dsl.component(base_image=PYTHON)
def count(path: str) -> int:
    return len(path)


@dsl.component(base_image=PYTHON)
def use(data: dsl.Input[dsl.Dataset], k: int) -> str:
    return f"{data.uri} {k}"


@dsl.component(base_image=PYTHON)
def show(text: str) -> None:
    """Has no outputs, and no effect either."""
    print(text)


def compiled(build: Callable[..., Any], tmp_path: Path) -> str:
    """The YAML of a pipeline whose body is `build`; its name is the function's."""
    path = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(
        dsl.pipeline(name=build.__name__.replace("_", "-"))(build), str(path)
    )
    return path.read_text()


def job(**changes: Any) -> Any:
    """A custom training job as people write it; `changes` go into its pool, None takes out."""
    pool: dict[str, Any] = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": TRAINER, "args": ["--epochs=3"]},
    }
    pool |= changes
    return CustomTrainingJobOp(
        display_name="train",
        worker_pool_specs=[{name: part for name, part in pool.items() if part is not None}],
        base_output_directory=OUTPUT,
    )


def settings(**changes: Any) -> Any:
    """A sound job; `changes` are of the job rather than of its pool."""
    pool = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": TRAINER},
    }
    given = {"display_name": "train", "base_output_directory": OUTPUT} | changes
    return CustomTrainingJobOp(**{"worker_pool_specs": [pool]} | given)


def machine(**spec: Any) -> Any:
    return job(machine_spec={"machine_type": "n1-standard-4"} | spec)


@dsl.container_component
def own_job(
    name: str,
    out: dsl.Output[dsl.Artifact],
    gcp_resources: dsl.OutputPath(str),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    pool = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": TRAINER, "args": [f"--name={name}"]},
    }
    return build_serverless_customjob_container_spec(
        project="p",
        location="l",
        custom_job_payload={"display_name": "train", "job_spec": {"worker_pool_specs": [pool]}},
        gcp_resources=gcp_resources,
    )


def make_and_use() -> None:
    use(data=make(rows=1).outputs["data"], k=1)

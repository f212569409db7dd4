"""Compiled pipelines that are damaged or hostile."""

import json

import pytest

from pipelines.spec import documents_of, spec_of
from pipelines.steps import in_order
from trainer.errors import InputError
from trainer.reading import DAMAGE

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def test_steps_come_after_those_they_depend_on() -> None:
    tasks = {"c": {"dependentTasks": ["a", "b"]}, "a": {}, "b": {"dependentTasks": ["a"]}}
    assert in_order(tasks) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "tasks",
    [
        {"a": {"dependentTasks": ["b"]}, "b": {"dependentTasks": ["a"]}},
        {"a": {"dependentTasks": ["a"]}},
        {"a": {"dependentTasks": ["nobody"]}, "b": {}},
    ],
)
def test_a_circle_or_an_unknown_task_is_an_error(tasks: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(ValueError, match="tasks that wait for each other, or for none .*: a"):
        in_order(tasks)
    text = json.dumps({"root": {"dag": {"tasks": tasks}}})
    with pytest.raises(InputError, match="x.yaml must be a compiled pipeline, got tasks that wait"):
        spec_of(text, "x.yaml")


@pytest.mark.parametrize("text", ["[" * 100_000, "&a [*a]", BOMB, "a: b: c"])
def test_yaml_without_end_is_refused_in_a_moment(text: str) -> None:
    with pytest.raises(DAMAGE):
        documents_of(text)


@pytest.mark.parametrize(
    "text", ["", "[]", "a: 1", "root: {dag: {tasks: {a: 1}}}", "--- {}\n--- {}", BOMB]
)
def test_what_is_no_pipeline(text: str) -> None:
    with pytest.raises(InputError, match="x.yaml must be a compiled pipeline, got "):
        spec_of(text, "x.yaml")


def test_aliases_are_shared_values() -> None:
    assert documents_of("a: &x [1]\nb: *x") == [{"a": [1], "b": [1]}]

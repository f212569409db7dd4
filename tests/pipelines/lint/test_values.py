"""Rules on the values that tasks get."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from google_cloud_pipeline_components.v1.vertex_notification_email import VertexNotificationEmailOp
from hypothesis import given
from hypothesis import strategies as st
from kfp import dsl

from pipelines.lint import check, values
from tests.pipelines.lint.bad_pipelines import (
    PYTHON,
    BadPipelines,
    RuleTests,
    compiled,
    count,
    make,
    make_and_use,
    show,
    use,
)

BAD = BadPipelines(values)


@BAD.built("unresolved-channel", "set_env_variable takes constants only")
def parameter_in_an_environment_variable(folder: str = "a") -> None:
    count(path=folder).set_env_variable("FOLDER", f"/data/{folder}")


@BAD.built("unresolved-channel", "Declare data as Input[Artifact]")
def artifact_in_a_text() -> None:
    data = make(rows=1).outputs["data"]
    show(text=f"it is at {data}")


@BAD.built("unresolved-channel", "Pass FOLDER as an input")
def parameter_in_capitals(folder: str = "a") -> None:
    show(text=f"{folder}".upper())


@BAD.built("unresolved-channel", "as an input of the step")
def part_of_a_parameter(folder: str = "a") -> None:
    show(text=f"{folder}".split(";")[0])


@BAD.edited("unresolved-channel", "Pass rows as an input of the step")
def parameter_in_the_arguments(spec: Any) -> None:
    container = spec["deploymentSpec"]["executors"]["exec-use"]["container"]
    container["args"].append("--rows={{channel:task=make;name=rows;type=Integer;}}")


@BAD.edited("value-type", "a whole number, 3")
def default_in_words(spec: Any) -> None:
    parameter = {"parameterType": "NUMBER_INTEGER", "defaultValue": "five"}
    spec["root"]["inputDefinitions"] = {"parameters": {"rows": parameter}}


@BAD.edited("value-type", 'a list, ["a", "b"]')
def default_that_is_a_text_of_a_list(spec: Any) -> None:
    parameter = {"parameterType": "LIST", "defaultValue": "[1, 2]"}
    spec["root"]["inputDefinitions"] = {"parameters": {"layers": parameter}}


@BAD.edited("value-type", "true or false")
def default_that_is_a_text_of_a_truth(spec: Any) -> None:
    parameter = spec["components"]["comp-use"]["inputDefinitions"]["parameters"]
    parameter["k"] = {"parameterType": "BOOLEAN", "defaultValue": "yes", "isOptional": True}
    del spec["root"]["dag"]["tasks"]["use"]["inputs"]["parameters"]["k"]


@BAD.edited("value-type", "a whole number, 3")
def constant_in_quotes(spec: Any) -> None:
    constant = spec["root"]["dag"]["tasks"]["use"]["inputs"]["parameters"]["k"]["runtimeValue"]
    constant["constant"] = "1"


@BAD.edited("value-type", "a whole number, 3")
def constant_with_a_fraction(spec: Any) -> None:
    constant = spec["root"]["dag"]["tasks"]["make"]["inputs"]["parameters"]["rows"]["runtimeValue"]
    constant["constant"] = 1.5


@BAD.edited("missing-input", "Pass a value to it")
def parameter_that_nobody_gives(spec: Any) -> None:
    del spec["root"]["dag"]["tasks"]["use"]["inputs"]["parameters"]["k"]


@BAD.edited("missing-input", "Pass a value to it")
def artifact_that_nobody_gives(spec: Any) -> None:
    del spec["root"]["dag"]["tasks"]["use"]["inputs"]["artifacts"]["data"]


@dsl.component(base_image=PYTHON)
def configure(settings: dict) -> int:  # type: ignore[type-arg]
    return len(settings)


@BAD.built("nested-parameter", "Pass the parameter as an input of its own")
def parameter_inside_an_object(name: str) -> None:
    configure(settings={"title": f"Report of {name}", "pages": [1, 2]})


def with_mail(recipients: Any) -> None:
    with dsl.ExitHandler(VertexNotificationEmailOp(recipients=recipients)):
        count(path="x")


@BAD.built("notification-recipients", "declare the pipeline's parameter as a list")
def recipient_of_a_parameter(mail: str = "a@example.com") -> None:
    with_mail([mail])


@BAD.built("notification-recipients", "declare the pipeline's parameter as a list")
def recipient_known_in_the_run_only(mail: str) -> None:
    with_mail(["a@example.com", mail])


@BAD.built("notification-recipients", "Give at most 3")
def too_many_recipients() -> None:
    with_mail([f"{name}@example.com" for name in "abcd"])


@BAD.built("notification-recipients", "Write an address")
def recipient_without_a_host() -> None:
    with_mail(["ada"])


class TestRules(RuleTests):
    bad = BAD


def resolved(recipients: list, rows: int, names: dict, folder: str = "a") -> None:  # type: ignore[type-arg]
    """Every way in which a value may come from elsewhere."""
    with dsl.ExitHandler(VertexNotificationEmailOp(recipients=recipients)):
        made = make(rows=rows)
        show(text=f"{folder} of {made.outputs['Output']}")
        with dsl.ParallelFor([1, 2]) as item:
            use(data=made.outputs["data"], k=item)


def test_values_that_come_from_elsewhere_are_no_fault(tmp_path: Path) -> None:
    assert check(compiled(resolved, tmp_path)) == []


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text()
TYPES = {
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
    "STRUCT": dict,
    "LIST": list,
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled(make_and_use, tmp_path_factory.mktemp("sound"))


@given(
    value=SCALARS | st.lists(SCALARS) | st.dictionaries(st.text(), SCALARS),
    kind=st.sampled_from(sorted(TYPES)),
)
def test_a_default_is_of_its_type_or_a_fault(sound: str, value: Any, kind: str) -> None:
    spec = yaml.safe_load(sound)
    parameter = {"parameterType": kind, "defaultValue": value}
    spec["root"]["inputDefinitions"] = {"parameters": {"it": parameter}}
    whole = isinstance(value, float) and value.is_integer() and kind == "NUMBER_INTEGER"
    fits = value is None or whole or isinstance(value, TYPES[kind])  # type: ignore[arg-type]
    fits &= not (isinstance(value, bool) and kind != "BOOLEAN")
    found = [f for f in check(yaml.safe_dump(spec)) if f.rule == "value-type"]
    assert bool(found) is not fits

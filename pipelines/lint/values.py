"""Rules on the values that tasks get: of the right type, resolved, and none missing."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pipelines.lint.payloads.template import launch_type
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline, Spec, Task, strings
from pipelines.lint.rule import Location, rule

# How kfp writes a channel into a string; its compiler resolves those in a task's inputs only.
# A part of one is left by .split(), .upper() and the like.
_CHANNEL = re.compile(
    r"\{\{channel:(?:task=)?([^;}]*);?(?:name=)?([^;}]*);?(?:type=)?([^;}]*)", re.IGNORECASE
)
# The types of JSON values, by the parameter's type.
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "STRING": (str,),
    "BOOLEAN": (bool,),
    "STRUCT": (dict,),
    "LIST": (list,),
}
_EXAMPLES = {
    "NUMBER_INTEGER": "a whole number, 3",
    "NUMBER_DOUBLE": "a number, 0.5",
    "STRING": 'a string, "3"',
    "BOOLEAN": "true or false",
    "STRUCT": 'an object, {"name": "value"}',
    "LIST": 'a list, ["a", "b"]',
}
# https://cloud.google.com/vertex-ai/docs/pipelines/email-notifications
_NOTIFICATION = "vertex_notification_email"
MAX_RECIPIENTS = 3


@rule(
    "unresolved-channel",
    why="kfp puts the value of a parameter or an output into a string only where the string is the "
    "input of a step: here its internal name stays in the text.",
    fix="Pass the parameter or output to the step as an input of its own.",
)
def unresolved_channel(pipeline: Pipeline) -> Iterator[Location]:
    for place, text in strings(pipeline.spec, "spec"):
        for task, name, kind in _CHANNEL.findall(text):
            name = name or "it"
            what = f"the output {name} of {task}" if task else f"the parameter {name}"
            if "." in kind:  # of an artifact, such as system.Dataset@0.0.1
                cure = (
                    f"Declare {name} as Input[Artifact], pass the output, and use its .uri there."
                )
            elif ".env" in place:
                cure = (
                    f"Pass {name} as an input of the step, and set the variable in its code: "
                    "set_env_variable takes constants only."
                )
            else:
                cure = (
                    f"Pass {name} as an input of the step, and put the text together in its code."
                )
            yield place, f"{what} in the text {_short(text)}", cure


@rule(
    "value-type",
    why="Vertex AI refuses a value of another type than the parameter's when the run is submitted.",
    fix="Give a value of the parameter's type, or declare the parameter with the value's.",
)
def value_type(pipeline: Pipeline) -> Iterator[Location]:
    components = {"root": pipeline.spec["root"], **pipeline.spec.get("components", {})}
    for name, component in components.items():
        for parameter, declared in _declared(component).items():
            kind, value = declared.get("parameterType", ""), declared.get("defaultValue")
            # Of a component loaded from an old component.yaml: inserted as the text that it is.
            as_text = name != "root" and _is_number_text(value, kind)
            if not (as_text or _fits(value, kind)):
                place = f"{name}: inputs.{parameter}.defaultValue"
                yield place, f"{_short(value)} for {kind}", _of_type(kind)
    for path, graph in pipeline.graphs:
        for name, task in _tasks(graph).items():
            declared = _declared(_component(pipeline, task))
            for parameter, source in task.get("inputs", {}).get("parameters", {}).items():
                kind = declared.get(parameter, {}).get("parameterType", "")
                constant = source.get("runtimeValue", {}).get("constant")
                if not _fits(constant, kind):
                    place = f"{path}/{name}: inputs.{parameter}"
                    yield place, f"{_short(constant)} for {kind}", _of_type(kind)


@rule(
    "missing-input",
    why="The step declares the input as required, and nothing gives it: the run is refused, or the "
    "step fails when it starts.",
    fix="Pass a value to it, or give it a default in the component.",
)
def missing_input(pipeline: Pipeline) -> Iterator[Location]:
    for path, graph in pipeline.graphs:
        for name, task in _tasks(graph).items():
            component = _component(pipeline, task)
            given = task.get("inputs", {})
            iterated = {
                task.get(iterator, {}).get("itemInput")
                for iterator in ("parameterIterator", "artifactIterator")
            }
            for kind in ("parameters", "artifacts"):
                declared = component.get("inputDefinitions", {}).get(kind, {})
                for key, definition in declared.items():
                    optional = definition.get("isOptional") or "defaultValue" in definition
                    optional = optional or definition.get("parameterType") == "TASK_FINAL_STATUS"
                    if not optional and key not in given.get(kind, {}) and key not in iterated:
                        yield f"{path}/{name}: inputs.{key}", f"no value for {key}"


@rule(
    "nested-parameter",
    severity="note",
    why="A parameter in a text is replaced by its value; inside a list or an object Vertex AI has "
    "been seen to leave the placeholder (https://github.com/kubeflow/pipelines/issues/12204).",
    fix="Pass the parameter as an input of its own, and put the list or the object together in the "
    "step.",
)
def nested_parameter(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        # The launchers of jobs put the whole into a text, the payload.
        if launch_type(task) or _is_notification(task):
            continue
        for name, source in task.spec.get("inputs", {}).get("parameters", {}).items():
            constant = source.get("runtimeValue", {}).get("constant")
            if isinstance(constant, (dict, list)):
                for place, text in strings(constant, f"{task.path}: inputs.{name}"):
                    if PLACEHOLDER in text:
                        yield place, _short(text)


@rule(
    "notification-recipients",
    why="The step sends no e-mail.",
    fix=f"Pass at most {MAX_RECIPIENTS} addresses to VertexNotificationEmailOp.",
)
def notification_recipients(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        if not _is_notification(task):
            continue
        source = task.spec.get("inputs", {}).get("parameters", {}).get("recipients", {})
        recipients = source.get("runtimeValue", {}).get("constant")  # as it is written
        place = f"{task.path}: inputs.recipients"
        for address in recipients if isinstance(recipients, list) else []:
            if PLACEHOLDER in str(address):
                # https://github.com/kubeflow/pipelines/issues/12204
                cure = (
                    "A parameter inside a list stays a placeholder here. Write the addresses, or "
                    "declare the pipeline's parameter as a list and pass it whole."
                )
                yield place, _short(address), cure
            elif "@" not in str(address):
                yield place, _short(address), "Write an address, name@example.com."
        if isinstance(recipients, list) and len(recipients) > MAX_RECIPIENTS:
            cure = f"Give at most {MAX_RECIPIENTS}; a mailing list counts as one."
            yield place, f"{len(recipients)} addresses", cure


def _is_notification(task: Task) -> bool:
    return _NOTIFICATION in " ".join(task.container.get("command", []))


def _declared(component: Spec) -> Spec:
    parameters: Spec = component.get("inputDefinitions", {}).get("parameters", {})
    return parameters


def _tasks(graph: Spec) -> Spec:
    tasks: Spec = graph.get("dag", {}).get("tasks", {})
    return tasks


def _component(pipeline: Pipeline, task: Spec) -> Spec:
    components = pipeline.spec.get("components", {})
    component: Spec = components.get(task.get("componentRef", {}).get("name", ""), {})
    return component


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of the type; so is one that is not known before the run."""
    if (
        value is None
        or kind not in _JSON_TYPES
        or (isinstance(value, str) and PLACEHOLDER in value)
    ):
        return True
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    if kind == "NUMBER_INTEGER" and isinstance(value, float) and not value.is_integer():
        return False
    return isinstance(value, _JSON_TYPES[kind])


def _is_number_text(value: Any, kind: str) -> bool:
    if not (isinstance(value, str) and kind in ("NUMBER_INTEGER", "NUMBER_DOUBLE")):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return kind == "NUMBER_DOUBLE" or number.is_integer()


def _of_type(kind: str) -> str:
    return f"Give {_EXAMPLES[kind]}, or declare the parameter with the value's type."


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = repr(value) if isinstance(value, str) else text
    return text if len(text) <= 100 else text[:99] + "…"

"""A compiled pipeline as the rules see it: its tasks, and what is known of their inputs."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.spec import documents_of
from trainer.errors import InputError
from trainer.reading import reading

Spec = Mapping[str, Any]

# {{$.inputs.parameters['name']}}, the form in which kfp's compiler writes a reference to an input.
PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\[['\"]([^'\"]+)['\"]\]\}\}")
PLACEHOLDER = "{{$"  # the beginning of each; a string that holds one is not known before the run


@dataclass(frozen=True)
class Task:
    """A task that runs a container or imports an artifact, wherever in the graph it stands.

    Attributes:
        path: its name and those of the tasks around it, such as `root/for-loop-2/use`.
        spec: its part of the graph.
        component: its inputs and outputs.
        executor: what it runs.
        inputs: the value of each input parameter that is known before the run: constants,
            defaults, and the pipeline's own parameters. A string may still hold placeholders.
    """

    path: str
    spec: Spec
    component: Spec
    executor: Spec
    inputs: Mapping[str, Any]

    @property
    def cached(self) -> bool:
        """Whether Vertex AI may use the outputs of an earlier run instead of running it."""
        return bool(self.spec.get("cachingOptions", {}).get("enableCache"))

    @property
    def container(self) -> Spec:
        """Image, command and arguments; empty for an importer."""
        container: Spec = self.executor.get("container", {})
        return container

    def input_names(self, kind: str) -> set[str]:
        """Names of the inputs; `kind` is parameters or artifacts.

        In addition to the inputs that the component declares, kfp's compiler gives a task the
        channels that its constants refer to.
        """
        declared = self.component.get("inputDefinitions", {}).get(kind, {})
        return set(declared) | set(self.spec.get("inputs", {}).get(kind, {}))

    def is_given(self, name: str) -> bool:
        """Whether the input has a value, known before the run or not."""
        sources = self.spec.get("inputs", {})
        given = {**sources.get("parameters", {}), **sources.get("artifacts", {})}
        return name in given or self.inputs.get(name) is not None

    def output_names(self, kind: str) -> set[str]:
        """Names of the outputs; `kind` is parameters or artifacts."""
        return set(self.component.get("outputDefinitions", {}).get(kind, {}))


@dataclass(frozen=True)
class Pipeline:
    """The first document of the file, and those after it.

    Attributes:
        spec: the pipeline spec.
        further: the documents that follow it.
        tasks: all tasks, those inside loops, conditions and nested pipelines too.
        graphs: each graph with its path: the root and all that is nested in it.
    """

    spec: Spec
    further: list[Any]
    tasks: list[Task] = field(default_factory=list)
    graphs: list[tuple[str, Spec]] = field(default_factory=list)

    @property
    def executors(self) -> Mapping[str, Spec]:
        """What the steps run, by label."""
        executors: Mapping[str, Spec] = self.spec["deploymentSpec"].get("executors", {})
        return executors


def read(text: str, name: str, arguments: Mapping[str, Any]) -> Pipeline:
    """The pipeline in a compiled YAML (or JSON, which is YAML), or in a PipelineJob's JSON.

    Raises:
        InputError: the text is not YAML, or not a compiled KFP v2 pipeline.
    """
    with reading(name, "YAML", error=InputError):
        documents = documents_of(text)
    document, given = _unwrapped(documents[0] if documents else None)
    spec = _typed(document, name)
    pipeline = Pipeline(spec, documents[1:])
    root = spec["root"]
    declared = root.get("inputDefinitions", {}).get("parameters", {})
    _walk(pipeline, root, {**_defaults(declared), **given, **arguments}, "root", ())
    return pipeline


def _unwrapped(document: Any) -> tuple[Any, dict[str, Any]]:
    """The spec in the JSON of a PipelineJob, and the job's parameters; or the document itself."""
    if not isinstance(document, dict) or not isinstance(document.get("pipelineSpec"), dict):
        return document, {}
    config = document.get("runtimeConfig")
    values = config.get("parameterValues") if isinstance(config, dict) else None
    return document["pipelineSpec"], values if isinstance(values, dict) else {}


def _typed(document: Any, name: str) -> Spec:
    """The document with each field of the type in KFP's schema, so that no rule need check types.

    The schema is the PipelineSpec message; fields that it does not have are omitted.
    """
    from google.protobuf import json_format  # type: ignore[import-untyped, unused-ignore]
    from kfp.pipeline_spec import (  # type: ignore[import-untyped, unused-ignore]
        pipeline_spec_pb2 as schema,
    )

    def through(message: Any, content: Any) -> dict[str, Any]:
        parsed = json_format.ParseDict(content, message, ignore_unknown_fields=True)
        typed: dict[str, Any] = json_format.MessageToDict(parsed)
        return typed

    try:
        if not isinstance(document, dict) or not {"root", "deploymentSpec"} <= document.keys():
            raise ValueError("no `root` and `deploymentSpec`")
        spec = through(schema.PipelineSpec(), document)
        deployment = through(schema.PipelineDeploymentConfig(), document["deploymentSpec"])
    except (json_format.Error, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name} must be a compiled KFP v2 pipeline, got {reason}; compile it with "
            "kfp 2: compiler.Compiler().compile(pipeline, 'pipeline.yaml')"
        ) from None
    return {"root": {}, **spec, "deploymentSpec": deployment}


def _walk(
    pipeline: Pipeline, component: Spec, known: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> None:
    """Collects the graphs and tasks of `component`, whose known inputs are `known`."""
    pipeline.graphs.append((path, component))
    for name, task in component.get("dag", {}).get("tasks", {}).items():
        reference = task.get("componentRef", {}).get("name", "")
        target = pipeline.spec.get("components", {}).get(reference)
        if target is None or reference in above:  # the references' rules report the first
            continue
        inputs = _inputs(task, target, known)
        if "dag" in target:
            _walk(pipeline, target, inputs, f"{path}/{name}", (*above, reference))
        else:
            executor = pipeline.executors.get(target.get("executorLabel", ""), {})
            pipeline.tasks.append(Task(f"{path}/{name}", task, target, executor, inputs))


def _inputs(task: Spec, component: Spec, known: Mapping[str, Any]) -> dict[str, Any]:
    """The input parameters whose values follow from what is known one level up."""
    given = task.get("inputs", {}).get("parameters", {})
    values: dict[str, Any] = {}
    for name, source in given.items():
        if "parameterExpressionSelector" in source:  # a part of a loop's item
            continue
        if "constant" in source.get("runtimeValue", {}):
            values[name] = source["runtimeValue"]["constant"]
        elif source.get("componentInputParameter") in known:
            values[name] = known[source["componentInputParameter"]]
    declared = component.get("inputDefinitions", {}).get("parameters", {})
    item = task.get("parameterIterator", {}).get("itemInput")
    for name, value in _defaults(declared).items():
        if name not in given and name != item:
            values[name] = value
    return {name: insert_inputs(value, values) for name, value in values.items()}


def _defaults(declared: Mapping[str, Spec]) -> dict[str, Any]:
    return {name: d["defaultValue"] for name, d in declared.items() if "defaultValue" in d}


def insert_inputs(value: Any, inputs: Mapping[str, Any]) -> Any:
    """The value with known inputs in place of their placeholders, as strings, as Vertex AI does."""
    if isinstance(value, str):
        return PARAMETER.sub(lambda m: as_text(inputs[m[1]]) if m[1] in inputs else m[0], value)
    if isinstance(value, list):
        return [insert_inputs(item, inputs) for item in value]
    if isinstance(value, dict):
        return {key: insert_inputs(item, inputs) for key, item in value.items()}
    return value


def as_text(value: Any) -> str:
    """A parameter's value as it is inserted into a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a compiled YAML writes 3 as 3.0
    return json.dumps(value)


def strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Each string inside a value, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, f"{place}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, f"{place}[{index}]")

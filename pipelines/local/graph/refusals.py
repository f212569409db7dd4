"""What this machine cannot run of a pipeline, task by task, with the cure: told before anything
starts."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.lint.payloads.template import worker_pools
from pipelines.lint.pipeline import Pipeline, Task
from pipelines.local.graph.commands import is_custom_job, why_not
from pipelines.local.graph.conditions import parse
from pipelines.local.graph.naming import is_safe
from pipelines.local.graph.requirements import missing
from pipelines.parameters import IN_WORDS
from pipelines.steps import in_order
from trainer.errors import InputError

MAX_SHOWN = 20
STATUS = "TASK_FINAL_STATUS"
KINDS = (*IN_WORDS, "STRING", STATUS)
# Settings of kfp-kubernetes: where a pod runs and what it is called; a step does the same without.
NO_MATTER = (
    "activeDeadlineSeconds",
    "imagePullPolicy",
    "imagePullSecret",
    "nodeAffinity",
    "nodeSelector",
    "podAffinity",
    "podMetadata",
    "securityContext",
    "tolerations",
)


def check(pipeline: Pipeline, name: str) -> None:
    """Refuses what cannot run here.

    Raises:
        InputError: a line for each task and feature, with the cure.
    """
    lines = sorted(set(refusals(pipeline)))  # protobuf gives the tasks in no order
    if not lines:
        return
    more = [f"and {len(lines) - MAX_SHOWN} more"] if len(lines) > MAX_SHOWN else []
    listed = "\n  ".join([*lines[:MAX_SHOWN], *more])
    raise InputError(f"every task must be one that this machine can run, got {name}:\n  {listed}")


def refusals(pipeline: Pipeline) -> Iterator[str]:
    """A line for each thing that cannot run: the task's path, what it is, and the cure."""
    version = pipeline.spec.get("schemaVersion", "")
    if version and not version.startswith("2.1"):
        yield f"schemaVersion {version}: compile the pipeline with kfp 2"
        return
    components = pipeline.spec.get("components", {})
    for path, graph in pipeline.graphs:
        tasks = graph.get("dag", {}).get("tasks", {})
        if not tasks and path == "root":
            yield "root: a graph without tasks; compile a pipeline"
        try:
            in_order(tasks)
        except ValueError as error:
            yield f"{path}: {error}; compile the pipeline again"
        for name, task in tasks.items():
            place = f"{path}/{name}"
            if not is_safe(name):
                yield f"{place}: a name that no file can have; name it with letters and digits"
            reference = task.get("componentRef", {}).get("name", "")
            if reference not in components:
                yield f"{place}: no component {reference}; compile the pipeline again"
                continue
            yield from _of_task(place, task, components[reference])
    for each in pipeline.tasks:
        yield from _of_leaf(each)
    for label, feature in _platform_features(pipeline.further):
        users = [t.path for t in pipeline.tasks if t.component.get("executorLabel") == label]
        for path in users or [label]:
            yield f"{path}: {feature} of Kubernetes; leave it out, or run the pipeline there"
    for name, artifact in _required_artifacts(pipeline.spec["root"]):
        kind = artifact.get("artifactType", {}).get("schemaTitle", "an artifact")
        yield f"root: the input {name} is {kind}; import it in the pipeline (dsl.importer)"


def _of_task(place: str, task: Mapping[str, Any], component: Mapping[str, Any]) -> Iterator[str]:
    condition = task.get("triggerPolicy", {}).get("condition", "")
    if condition:
        try:
            parse(condition)
        except ValueError as error:
            yield f"{place}: the condition {condition} ({error}); compare parameters with constants"
    for name, parameter in component.get("inputDefinitions", {}).get("parameters", {}).items():
        kind = parameter.get("parameterType", "none")
        if kind not in KINDS:
            yield f"{place}: the input {name} of type {kind}; use another type"
    if component.get("taskConfigPassthroughs"):
        yield f"{place}: settings of its task as an input; leave them out"


def _of_leaf(task: Task) -> Iterator[str]:
    if "importer" in task.executor:
        return
    if not (container := task.container):
        what = next(iter(task.executor), "nothing")
        yield f"{task.path}: an executor of kind {what}; make it a container or a Python component"
        return
    for place, each in [(task.path, container), *_pools(task)]:
        if problem := why_not(each):
            yield f"{place}: {problem[0]}; {problem[1]}"
        for requirement in missing(each.get("command", [])):
            package = requirement.partition(" (")[0]
            yield f"{place}: the package {requirement}; pip install '{package}'"
    declared = task.component.get("inputDefinitions", {}).get("parameters", {})
    sources = task.spec.get("inputs", {}).get("parameters", {})
    for name, definition in declared.items():
        if definition.get("parameterType") == STATUS and "taskFinalStatus" not in sources.get(
            name, {}
        ):
            yield f"{task.path}: its input {name} is a final status; make it an exit handler's task"
        if not definition.get("isOptional") and not task.is_given(name):
            yield f"{task.path}: its input {name} has no value; compile the pipeline again"


def _pools(task: Task) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The containers of a CustomJob's worker pools, with their places."""
    if not is_custom_job(task.container):
        return
    for pool in worker_pools(task):
        if "python_package_spec" in pool.spec:
            package = pool.part("python_package_spec").get("python_module", "package")
            yield pool.place, {"image": f"{pool.image} with {package}"}
        else:
            yield pool.place, {**pool.part("container_spec"), "image": pool.image}


def _required_artifacts(root: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, artifact in root.get("inputDefinitions", {}).get("artifacts", {}).items():
        if not artifact.get("isOptional"):
            yield name, artifact


def _platform_features(further: list[Any]) -> Iterator[tuple[str, str]]:
    """The executor's label and the feature, for each that this machine has not got."""
    for document in further:
        platforms = document.get("platforms", {}) if isinstance(document, dict) else {}
        for platform in platforms.values() if isinstance(platforms, dict) else ():
            match platform:
                case {"deploymentSpec": {"executors": dict(executors)}}:
                    for label, settings in executors.items():
                        for feature in settings if isinstance(settings, dict) else ():
                            if feature not in NO_MATTER:
                                yield str(label), str(feature)

"""Rules on references between the parts of a graph: what they name must exist."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines.lint.pipeline import Pipeline, Spec, strings
from pipelines.lint.rule import Location, rule

OTHER_KIND = {"parameters": "artifacts", "artifacts": "parameters"}
_REFERENCE = re.compile(r"\{\{\$\.(inputs|outputs)\.(parameters|artifacts)\[['\"]([^'\"]+)['\"]\]")


@rule(
    "artifact-as-parameter",
    why="An artifact has no value for a parameter: it compiles, but Vertex AI refuses the "
    "reference or passes the placeholder's text.",
    fix="Declare the input as Input[Artifact] and pass the output to it; for a string in "
    "worker_pool_specs use a container component and {artifact}.uri.",
)
def artifact_as_parameter(pipeline: Pipeline) -> Iterator[Location]:
    for place, kind, name, there in _references(pipeline):
        if kind == "parameters" and name not in there[kind] and name in there["artifacts"]:
            yield place, f"{name} is an artifact"


@rule(
    "parameter-as-artifact",
    why="A parameter has no URI, so the reference cannot be resolved.",
    fix="Declare the input as a parameter, or the output as an artifact.",
)
def parameter_as_artifact(pipeline: Pipeline) -> Iterator[Location]:
    for place, kind, name, there in _references(pipeline):
        if kind == "artifacts" and name not in there[kind] and name in there["parameters"]:
            yield place, f"{name} is a parameter"


@rule(
    "unknown-reference",
    why="Nothing has that name: the run is refused, or fails at that step.",
    fix="Correct the name, or compile the pipeline again from its source.",
)
def unknown_reference(pipeline: Pipeline) -> Iterator[Location]:
    for place, kind, name, there in _references(pipeline):
        if name not in there[kind] and name not in there[OTHER_KIND[kind]]:
            yield place, f"there is no {name} among the {kind}"
    for path, graph in pipeline.graphs:
        yield from _unknown_parts(pipeline, path, graph)


@rule(
    "task-cycle",
    why="The tasks wait for each other: none of them can ever start.",
    fix="Remove one of the references between them; compile the pipeline again from its source.",
)
def task_cycle(pipeline: Pipeline) -> Iterator[Location]:
    for path, graph in pipeline.graphs:
        tasks = graph.get("dag", {}).get("tasks", {})
        waits_for = {name: sorted(_producers(task) & set(tasks)) for name, task in tasks.items()}
        for cycle in _cycles(waits_for):
            yield f"{path}: tasks", " → ".join([*cycle, cycle[0]])
    components = pipeline.spec.get("components", {})
    holds = {
        name: sorted(_used(component.get("dag", {}).get("tasks", {}), components))
        for name, component in components.items()
    }
    for cycle in _cycles(holds):
        cure = "A pipeline cannot contain itself: repeat with dsl.ParallelFor, or schedule runs."
        yield "components", " → ".join([*cycle, cycle[0]]), cure


def _producers(task: Spec) -> set[str]:
    """The tasks that one waits for."""
    inputs = task.get("inputs", {})
    sources = [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]
    produced = [
        source.get(key, {}).get("producerTask", "")
        for source in sources
        for key in ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus")
    ]
    return {*produced, *task.get("dependentTasks", [])}


def _cycles(successors: dict[str, list[str]]) -> Iterator[list[str]]:
    """One cycle of each group of nodes that reach each other."""
    done: set[str] = set()
    for start in successors:
        path: list[str] = []
        ahead = [iter([start])]
        while ahead:
            node = next(ahead[-1], None)
            if node is None:
                ahead.pop()
                if path:
                    done.add(path.pop())
            elif node in path:
                yield path[path.index(node) :]
            elif node not in done:
                path.append(node)
                ahead.append(iter(successors[node]))


def _unknown_parts(pipeline: Pipeline, path: str, graph: Spec) -> Iterator[Location]:
    tasks = graph.get("dag", {}).get("tasks", {})
    components = pipeline.spec.get("components", {})
    for name, task in tasks.items():
        component = task.get("componentRef", {}).get("name", "")
        if component not in components:
            yield f"{path}/{name}: componentRef", f"there is no component {component}"
        for other in task.get("dependentTasks", []):
            if other not in tasks:
                yield f"{path}/{name}: dependentTasks", f"there is no task {other}"
    for label in {components[n].get("executorLabel", "") for n in _used(tasks, components)}:
        if label and label not in pipeline.executors:
            yield f"{path}: executorLabel", f"there is no executor {label}"


def _used(tasks: Spec, components: Spec) -> set[str]:
    return {t.get("componentRef", {}).get("name", "") for t in tasks.values()} & set(components)


Names = dict[str, set[str]]  # parameters and artifacts → their names


def _references(pipeline: Pipeline) -> Iterator[tuple[str, str, str, Names]]:
    """Each reference: its place, kind and name, and the names that exist where it refers to."""
    for path, graph in pipeline.graphs:
        yield from _between_tasks(pipeline, path, graph)
    for task in pipeline.tasks:
        texts = strings(task.container.get("args", []), f"{task.path}: args")
        for place, text in texts:
            for side, kind, name in _REFERENCE.findall(text):
                names = task.input_names if side == "inputs" else task.output_names
                yield place, kind, name, {k: names(k) for k in OTHER_KIND}
        constants = {
            name: source.get("runtimeValue", {}).get("constant")
            for name, source in task.spec.get("inputs", {}).get("parameters", {}).items()
        }
        for place, text in strings(constants, f"{task.path}: inputs"):
            for side, kind, name in _REFERENCE.findall(text):
                if side == "inputs":
                    yield place, kind, name, {k: task.input_names(k) for k in OTHER_KIND}


def _between_tasks(
    pipeline: Pipeline, path: str, graph: Spec
) -> Iterator[tuple[str, str, str, Names]]:
    tasks = graph.get("dag", {}).get("tasks", {})
    components = pipeline.spec.get("components", {})
    own = _names(graph.get("inputDefinitions", {}))

    def outputs(producer: str) -> Names:
        if producer not in tasks:
            return {kind: set() for kind in OTHER_KIND}
        component = components.get(tasks[producer].get("componentRef", {}).get("name", ""), {})
        return _names(component.get("outputDefinitions", {}))

    for name, task in tasks.items():
        for kind in OTHER_KIND:
            one = kind.removesuffix("s").capitalize()  # Parameter, Artifact
            for key, source in task.get("inputs", {}).get(kind, {}).items():
                place = f"{path}/{name}: inputs.{key}"
                produced = source.get(f"taskOutput{one}")
                if produced:
                    wanted = produced.get(f"output{one}Key", "")
                    yield place, kind, wanted, outputs(produced.get("producerTask", ""))
                taken = source.get(f"componentInput{one}")
                if taken:
                    yield place, kind, taken, own
    for kind in OTHER_KIND:
        one = kind.removesuffix("s").capitalize()
        for key, source in graph.get("dag", {}).get("outputs", {}).get(kind, {}).items():
            for selector in _selectors(source):
                place = f"{path}: outputs.{key}"
                wanted = selector.get(f"output{one}Key", "")
                yield place, kind, wanted, outputs(selector.get("producerSubtask", ""))


def _selectors(source: Spec) -> list[Any]:
    """The tasks' outputs that a graph's output is taken from, in whichever of the three forms."""
    one = source.get("valueFromParameter")
    several = source.get("valueFromOneof", {}).get("parameterSelectors", [])
    return [*source.get("artifactSelectors", []), *([one] if one else several)]


def _names(definitions: Spec) -> Names:
    return {kind: set(definitions.get(kind, {})) for kind in OTHER_KIND}

"""What a graph knows while it runs: its inputs, and the outputs of its tasks so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.local.graph.placeholders import JOB_NAME, inserted
from pipelines.local.graph.values import cast, selected, whole

Artifacts = list[dict[str, Any]]  # each `name`, `type`, `uri` and `metadata`, as in ExecutorInput
SUCCEEDED, FAILED, SKIPPED = "SUCCEEDED", "FAILED", "SKIPPED"


@dataclass
class Values:
    """Inputs or outputs: parameters by name, and artifacts by name; none of those without one."""

    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Artifacts] = field(default_factory=dict)


@dataclass
class Result:
    """What has become of a task: its state, its outputs, and why it failed."""

    state: str = SUCCEEDED
    outputs: Values = field(default_factory=Values)
    error: str = ""


@dataclass
class Scope:
    """A graph that runs, in the graph that it is part of, if it is."""

    inputs: Values
    names: Mapping[str, str]  # what else placeholders stand for, see `placeholders.names_of_run`
    around: "Scope | None" = None
    results: dict[str, Result] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """An input's value; None if it has none. kfp's compiler does not hand every input of a
        loop down through the loops between: an item's part, `ITEM-subvar-KEY`, and what a graph
        around this one knows are found all the same."""
        scope: Scope | None = self
        while scope is not None:
            known = scope.inputs.parameters
            for each in (name, name.removeprefix("pipelinechannel--")):
                if each in known:
                    return known[each]
            item, found, key = name.rpartition("-subvar-")
            if found and item in known:
                return selected(known[item], f'parseJson(string_value)["{key}"]')
            scope = scope.around
        return None

    def artifacts(self, name: str) -> Artifacts:
        """An input's artifacts; none if it has none."""
        return self.inputs.artifacts.get(name, [])

    def inputs_of(self, task: Mapping[str, Any], component: Mapping[str, Any]) -> Values:
        """What a task is given, each parameter of its component's type, with the defaults of the
        others; those without a value are left out.

        Raises:
            TabularError: a value is not of its type, or has no part that is asked for.
        """
        definitions = component.get("inputDefinitions", {})
        declared = definitions.get("parameters", {})
        sources = task.get("inputs", {})
        found, constants = Values(), {}
        for name, source in sources.get("parameters", {}).items():
            if "runtimeValue" in source:
                constants[name] = whole(source["runtimeValue"].get("constant"))
                continue
            value = self._value(source)
            if selector := source.get("parameterExpressionSelector"):
                value = None if value is None else selected(value, selector)
            if value is not None:
                found.parameters[name] = value
        known = {"inputs": {"parameterValues": found.parameters}}
        filled = {name: inserted(each, known, self.names) for name, each in constants.items()}
        found.parameters |= {name: each for name, each in filled.items() if each is not None}
        for name, definition in declared.items():
            if name not in found.parameters and "defaultValue" in definition:
                default = whole(definition["defaultValue"])
                found.parameters[name] = inserted(default, known, self.names)
        for name, source in sources.get("artifacts", {}).items():
            if artifacts := self._artifacts(source):
                found.artifacts[name] = artifacts
        return found

    def _value(self, source: Mapping[str, Any]) -> Any:
        match source:
            case {"taskOutputParameter": {"producerTask": task, "outputParameterKey": key}}:
                return self._result(task).outputs.parameters.get(key)
            case {"componentInputParameter": name}:
                return self.parameter(name)
            case {"taskFinalStatus": {"producerTask": task}}:
                return self._final_status(task)
        return None

    def _artifacts(self, source: Mapping[str, Any]) -> Artifacts:
        match source:
            case {"taskOutputArtifact": {"producerTask": task, "outputArtifactKey": key}}:
                return self._result(task).outputs.artifacts.get(key, [])
            case {"componentInputArtifact": name}:
                return self.artifacts(name)
        return []

    def _result(self, task: str) -> Result:
        return self.results.get(task, Result(SKIPPED))

    def _final_status(self, task: str) -> dict[str, Any]:
        """What an exit handler's task is told, in the form that kfp's executor reads."""
        result = self._result(task)
        status: dict[str, Any] = {
            "state": result.state,
            "pipelineTaskName": task,
            "pipelineJobResourceName": self.names[JOB_NAME],
        }
        if result.error:
            status["error"] = {"code": UNKNOWN, "message": result.error}
        return status

    def outputs(self, dag: Mapping[str, Any]) -> Values:
        """The outputs of the graph, of the tasks that ran."""
        declared, found = dag.get("outputs", {}), Values()
        for name, source in declared.get("parameters", {}).items():
            match source:
                case {"valueFromOneof": {"parameterSelectors": selectors}}:
                    pass
                case {"valueFromParameter": selector}:
                    selectors = [selector]
                case _:
                    selectors = []
            for selector in selectors:
                outputs = self._result(selector["producerSubtask"]).outputs.parameters
                if (value := outputs.get(selector["outputParameterKey"])) is not None:
                    found.parameters[name] = value
                    break
        for name, source in declared.get("artifacts", {}).items():
            for selector in source.get("artifactSelectors", []):
                artifacts = self._result(selector["producerSubtask"]).outputs.artifacts
                if selector["outputArtifactKey"] in artifacts:
                    found.artifacts[name] = artifacts[selector["outputArtifactKey"]]
                    break
        return found


# google.rpc.Code of an error that nothing more is known of.
# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
UNKNOWN = 2


def typed(values: Values, component: Mapping[str, Any]) -> Values:
    """The inputs that a component declares, each parameter of its type.

    Raises:
        TabularError: a value is not of its type.
    """
    definitions = component.get("inputDefinitions", {})
    declared = definitions.get("parameters", {})
    parameters = {
        name: cast(value, declared[name].get("parameterType", ""))
        for name, value in values.parameters.items()
        if name in declared
    }
    known = definitions.get("artifacts", {})
    artifacts = {name: each for name, each in values.artifacts.items() if name in known}
    return Values(parameters, artifacts)

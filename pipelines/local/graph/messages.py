"""KFP's messages to a step and from it: ExecutorInput and ExecutorOutput, as JSON.

https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.local.graph.scope import Values
from pipelines.local.graph.values import cast
from trainer.errors import TabularError

OUTPUT_FILE = "executor_output.json"


def executor_input(component: Mapping[str, Any], inputs: Values, folder: Path) -> dict[str, Any]:
    """What a step is told: its inputs, and that its outputs are files in `folder`."""
    declared = component.get("outputDefinitions", {})
    artifacts = {
        name: {
            "artifacts": [
                {
                    "name": name,
                    "type": each.get("artifactType", {}),
                    "uri": str(folder / name),
                    "metadata": {},
                }
            ]
        }
        for name, each in declared.get("artifacts", {}).items()
    }
    return {
        "inputs": {
            "parameterValues": inputs.parameters,
            "artifacts": {name: {"artifacts": each} for name, each in inputs.artifacts.items()},
        },
        "outputs": {
            "parameters": {
                name: {"outputFile": str(folder / name)} for name in declared.get("parameters", {})
            },
            "artifacts": artifacts,
            "outputFile": str(folder / OUTPUT_FILE),
        },
    }


def outputs_of(component: Mapping[str, Any], message: Mapping[str, Any]) -> Values:
    """What a step has written.

    Args:
        component: whose outputs are declared.
        message: what `executor_input` gave.

    Raises:
        TabularError: an output is not of its type.
    """
    declared = component.get("outputDefinitions", {})
    said = _said(Path(message["outputs"]["outputFile"]))
    found = Values()
    for name, definition in declared.get("parameters", {}).items():
        kind = definition.get("parameterType", "")
        value = said.get("parameterValues", {}).get(name)
        path = Path(message["outputs"]["parameters"][name]["outputFile"])
        if path.is_file():
            value = _read(path, name, kind)
        if value is not None:
            found.parameters[name] = _of_type(name, value, kind)
    for name, definition in declared.get("artifacts", {}).items():
        (given,) = message["outputs"]["artifacts"][name]["artifacts"]
        listed = said.get("artifacts", {}).get(name, {}).get("artifacts")
        kind = definition.get("artifactType", {})
        found.artifacts[name] = [
            {**given, **each, "type": kind} for each in ([given] if listed is None else listed)
        ]
    return found


def _said(path: Path) -> dict[str, Any]:
    """The message from a step; empty if it left none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise TabularError(f"a step's {OUTPUT_FILE} must be a JSON object, got {path}")
    return content


def _read(path: Path, name: str, kind: str) -> Any:
    text = path.read_text(errors="replace")
    if kind == "STRING":
        return text
    try:
        return json.loads(text.lower() if kind == "BOOLEAN" else text)
    except ValueError:
        raise TabularError(f"the output {name} must be {kind}, got {text[:200]!r}") from None


def _of_type(name: str, value: Any, kind: str) -> Any:
    try:
        return cast(value, kind)
    except TabularError as error:
        raise TabularError(f"the output {name}: {error}") from None

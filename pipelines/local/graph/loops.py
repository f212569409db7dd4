"""What a loop (`dsl.ParallelFor`) runs over, and what comes of it (`dsl.Collected`)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.local.graph.scope import FAILED, Result, Values
from pipelines.local.graph.values import as_text, whole
from trainer.errors import TabularError


def is_loop(task: Mapping[str, Any]) -> bool:
    """Does the task run once for each item?"""
    return "parameterIterator" in task or "artifactIterator" in task


def turns(task: Mapping[str, Any], inputs: Values) -> list[Values]:
    """The inputs of each turn: those of the loop, and its item.

    Raises:
        TabularError: its items are no list.
    """
    if "artifactIterator" in task:
        iterator = task["artifactIterator"]
        artifacts = inputs.artifacts.get(iterator["items"]["inputArtifact"], [])
        return [
            Values(inputs.parameters, {**inputs.artifacts, iterator["itemInput"]: [artifact]})
            for artifact in artifacts
        ]
    iterator = task["parameterIterator"]
    items = iterator["items"]
    if "raw" in items:
        listed = whole(json.loads(items["raw"]))
    else:
        listed = inputs.parameters.get(items["inputParameter"])
        if isinstance(listed, str):  # a text that another step wrote
            listed = _parsed(listed)
    if not isinstance(listed, list):
        raise TabularError(f"the items of a loop must be a list, got {as_text(listed)[:200]}")
    name = iterator["itemInput"]
    return [Values({**inputs.parameters, name: item}, inputs.artifacts) for item in listed]


def collected(results: Iterable[Result]) -> Result:
    """What a loop gives: of each output the list of those of its turns, in their order. A turn
    that did not write it, because of a condition, adds nothing; artifacts are one list."""
    outputs, error = Values(), ""
    failed = False
    for result in results:
        if result.state == FAILED and not failed:
            failed, error = True, result.error
        for name, value in result.outputs.parameters.items():
            outputs.parameters.setdefault(name, []).append(value)
        for name, artifacts in result.outputs.artifacts.items():
            outputs.artifacts.setdefault(name, []).extend(artifacts)
    return Result(FAILED, outputs, error) if failed else Result(outputs=outputs)


def empty_lists(component: Mapping[str, Any], outputs: Values) -> Values:
    """The outputs of a loop, with an empty list for what no turn has written."""
    declared = component.get("outputDefinitions", {}).get("parameters", {})
    return Values({**{name: [] for name in declared}, **outputs.parameters}, outputs.artifacts)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

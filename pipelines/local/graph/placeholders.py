"""Placeholders in commands, arguments and constants: `{{$.inputs.parameters['x']}}` and the like,
`IfPresent` and `Concat`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipelines.compiling import LOCATION, PROJECT
from pipelines.local.graph.values import as_text

PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
REFERENCE = re.compile(
    r"\.(?P<side>inputs|outputs)\.(?P<kind>parameters|artifacts)\[['\"](?P<name>.+?)['\"]\]"
    r"(?:\.(?P<part>uri|path|metadata|output_file|value|name))?(?:\[['\"](?P<key>.+?)['\"]\])?"
    r"(?:\.json_escape\[(?P<escapes>\d)\])?"
)
WORKSPACE = "workspace"  # where all steps may write, in the run's directory
JOB_NAME = "{{$.pipeline_job_name}}"
WHOLE = re.compile(r"\{\{\$\.json_escape\[(\d)\]\}\}")
STRUCTURE = re.compile(r'\s*\{\s*"(?:Concat|IfPresent)"\s*:')


def filled_in(text: str, executor_input: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A text with values in the place of its placeholders; what is no placeholder of KFP stays.

    Args:
        text: with placeholders.
        executor_input: KFP's message of a task's inputs and outputs.
        names: what else there is, such as `{{$.pipeline_job_name}}`, by placeholder.
    """

    def value(match: re.Match[str]) -> str:
        if match[0] in names:
            return names[match[0]]
        if not match[1]:
            return json.dumps(executor_input)
        if match[1] in (".outputs.output_file", ".outputMetadataUri"):
            return str(executor_input["outputs"]["outputFile"])
        reference = REFERENCE.fullmatch(match[1])
        return match[0] if reference is None else _referred(reference, executor_input)

    return PLACEHOLDER.sub(value, text)


def _referred(reference: re.Match[str], executor_input: Mapping[str, Any]) -> str:
    side = executor_input.get(reference["side"], {})
    name, part, found = reference["name"], reference["part"], None
    if reference["kind"] == "artifacts":
        listed = side.get("artifacts", {}).get(name, {}).get("artifacts", [])
        if part is None and not reference["key"]:
            found = listed
        elif listed:
            found = listed[0].get("uri" if part in ("uri", "path", None) else part)
        if reference["key"]:
            found = (found or {}).get(reference["key"])
    elif part == "output_file":
        found = side.get("parameters", {}).get(name, {}).get("outputFile")
    else:
        found = side.get("parameterValues", {}).get(name)
    text = as_text(found)
    for _ in range(int(reference["escapes"] or 0)):
        text = json.dumps(text)[1:-1]
    return text


def words(word: str, executor_input: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What a word of a command becomes: none, one, or several where `IfPresent` has a list."""
    if not STRUCTURE.match(word):
        return [filled_in(word, executor_input, names)]
    inputs = executor_input.get("inputs", {})
    given = {**inputs.get("parameterValues", {}), **inputs.get("artifacts", {})}
    return [filled_in(each, executor_input, names) for each in _flat(json.loads(word), given)]


def _flat(structure: Any, given: Mapping[str, Any]) -> list[str]:
    match structure:
        case {"Concat": parts}:
            return ["".join(each for part in parts for each in _flat(part, given))]
        case {"IfPresent": {"InputName": name, **branches}}:
            branch = branches.get("Then" if given.get(name) is not None else "Else")
            return [] if branch is None else _flat(branch, given)
        case list():
            return [each for part in structure for each in _flat(part, given)]
    return [as_text(structure)]


def with_whole_message(text: str, executor_input: Mapping[str, Any]) -> str:
    """The payload of a CustomJob that GCPC made of a component: `{{$.json_escape[1]}}` in its
    arguments, which come from an input, is the message, once more inside a JSON string."""

    def escaped(match: re.Match[str]) -> str:
        message = json.dumps(executor_input)
        for _ in range(int(match[1])):
            message = json.dumps(message)[1:-1]
        return message

    return WHOLE.sub(escaped, text)


def inserted(value: Any, executor_input: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """A constant whose texts, wherever they are inside it, refer to inputs: filled in."""
    if isinstance(value, str):
        return filled_in(value, executor_input, names) if "{{$." in value else value
    if isinstance(value, list):
        return [inserted(each, executor_input, names) for each in value]
    if isinstance(value, dict):
        return {key: inserted(each, executor_input, names) for key, each in value.items()}
    return value


def names_of_task(names: Mapping[str, str], task: str, step: str) -> dict[str, str]:
    """And those that stand for the name of a task, and of the step that it is in this run."""
    return {**names, "{{$.pipeline_task_name}}": task, "{{$.pipeline_task_uuid}}": step}


def names_of_run(pipeline: str, run_id: str, root: str, created: str) -> dict[str, str]:
    """What the placeholders stand for that are no input or output of a task, nor its name.

    Args:
        pipeline: its name, with which a job's begins.
        run_id: the name of the run's directory.
        root: that directory.
        created: when the run began, in the form of ISO 8601.
    """
    return {
        JOB_NAME: f"{pipeline}-{run_id}",
        "{{$.pipeline_job_resource_name}}": f"{pipeline}-{run_id}",
        "{{$.pipeline_job_uuid}}": run_id,
        "{{$.pipeline_job_create_time_utc}}": created,
        "{{$.pipeline_job_schedule_time_utc}}": created,
        "{{$.pipeline_root}}": root,
        "{{$.workspace_path}}": f"{root}/{WORKSPACE}",
        PROJECT: "this-machine",
        LOCATION: "local",
    }

"""Rules on the payloads that Google's launchers send."""

from collections.abc import Iterator
from typing import Any

from pipelines.lint.payloads.template import (
    launch_type,
    payloads,
    quoted_parameters,
    templates,
)
from pipelines.lint.pipeline import Pipeline, Task
from pipelines.lint.rule import Location, rule


@rule(
    "payload-refused",
    why="Vertex AI refuses the payload when the step starts.",
    fix="Write it as the API's reference says: "
    "https://cloud.google.com/vertex-ai/docs/reference/rest/v1",
)
def payload_refused(pipeline: Pipeline) -> Iterator[Location]:
    # Google's messages, which take a second to import, are needed for pipelines with payloads only.
    from pipelines.lint.payloads.messages import api_problems
    from pipelines.lint.payloads.readers import KNOWN

    for task in pipeline.tasks:
        if launch_type(task) in KNOWN and any(templates(task)) and not payloads(task):
            # What `payload-quote` reports is replaced here by what JSON takes.
            yield f"{task.path}: payload", "it is not JSON", "Write a JSON object."
    for task, payload in _sent(pipeline):
        for place, found, cure in api_problems(launch_type(task), payload):
            yield f"{task.path}: payload{'.' if place else ''}{place}", found, cure


@rule(
    "launcher-refused",
    severity="warning",
    why="Vertex AI takes it, but Google's launcher does not, where it runs as a container: in "
    "kfp.local, in tests, and for what Vertex AI does not start itself.",
    fix="Write it as the API's class takes it.",
)
def launcher_refused(pipeline: Pipeline) -> Iterator[Location]:
    from pipelines.lint.payloads.messages import launcher_problems

    for task, payload in _sent(pipeline):
        for place, found, cure in launcher_problems(launch_type(task), payload):
            yield f"{task.path}: payload.{place}", found, cure


@rule(
    "payload-quote",
    why="The value is inserted into the payload's JSON as it is, so the character breaks the JSON "
    "and the step fails when it starts.",
    fix='Use a value without ", \\ and control characters.',
)
def payload_quote(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        for template in templates(task):
            for name in quoted_parameters(template):
                value = task.inputs.get(name)
                if isinstance(value, str) and breaks_json(value):
                    yield f"{task.path}: inputs.{name}", repr(value)


def breaks_json(value: str) -> bool:
    """Whether the string must be escaped in JSON."""
    return any(character in '"\\' or character < " " for character in value)


def _sent(pipeline: Pipeline) -> Iterator[tuple[Task, Any]]:
    for task in pipeline.tasks:
        for payload in payloads(task):
            yield task, payload

"""The JSON payload that a step of Google Cloud Pipeline Components sends, as far as known.

The payload is a string with placeholders, such as `{"labels": {{$.inputs.parameters['labels']}}}`;
Vertex AI inserts the values as they are, and the step's launcher parses the result.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipelines.lint.payloads.content import snake_case
from pipelines.lint.pipeline import PARAMETER, PLACEHOLDER, Task, as_text

_LAUNCHER = "google_cloud_pipeline_components.container."
_ANY_PLACEHOLDER = re.compile(r"\{\{\$[^}]*\}\}")


@dataclass(frozen=True)
class WorkerPool:
    """One worker pool of a training job, with its place."""

    place: str
    spec: Mapping[str, Any]

    def part(self, name: str) -> Mapping[str, Any]:
        """A message inside it, such as machine_spec; empty if there is none."""
        value = self.spec.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def image(self) -> str:
        """The pool's image; empty if unknown."""
        image = self.part("container_spec").get("image_uri")
        image = image or self.part("python_package_spec").get("executor_image_uri")
        return image if isinstance(image, str) and PLACEHOLDER not in image else ""


def templates(task: Task) -> list[str]:
    """The step's payloads with their placeholders, each as one text."""
    return [_joined(text, task) for text in _values(task, "--payload")]


def launch_type(task: Task) -> str:
    """What the step's launcher creates, such as CustomJob; empty if it is none of Google's."""
    if _LAUNCHER not in " ".join(task.container.get("command", [])):
        return ""
    return next(iter(_values(task, "--type")), "")


def quoted_parameters(template: str) -> Iterator[str]:
    """The parameters that are inserted into a JSON string of the payload."""
    for match in PARAMETER.finditer(template):
        if _quoted(template, match.start()):
            yield match[1]


def payloads(task: Task) -> list[Any]:
    """The step's payloads with the known values inserted.

    An unknown value stays a placeholder inside a string, and is null elsewhere. A payload that is
    not JSON even so is omitted.
    """
    parsed = []
    for template in templates(task):
        try:
            parsed.append(json.loads(_insert(template, task.inputs), strict=False))
        except ValueError:
            continue
    return parsed


def worker_pools(task: Task) -> Iterator[WorkerPool]:
    """The worker pools of the training jobs that the step starts."""
    for payload in map(snake_case, payloads(task)):
        for place, holder in _mappings(payload, f"{task.path}: payload"):
            pools = holder.get("worker_pool_specs")
            for index, pool in enumerate(pools if isinstance(pools, list) else []):
                if isinstance(pool, dict):
                    yield WorkerPool(f"{place}.worker_pool_specs[{index}]", pool)


def serving_machines(task: Task) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The machines of the step's predictions, each a place and a machine_spec."""
    for payload in map(snake_case, payloads(task)):
        for place, holder in _mappings(payload, f"{task.path}: payload"):
            if place.endswith(".dedicated_resources"):
                machine = holder.get("machine_spec")
                if isinstance(machine, dict):
                    yield f"{place}.machine_spec", machine


def _values(task: Task, wanted: str) -> list[str]:
    args: list[str] = task.container.get("args", [])
    return [text for flag, text in pairwise(args) if flag == wanted]


def _joined(text: str, task: Task) -> str:
    """The text of an argument that may be `{"Concat": [...]}`.

    https://www.kubeflow.org/docs/components/pipelines/user-guides/components/container-components/
    """
    try:
        return _concatenated(json.loads(text), task) if text.startswith('{"Concat"') else text
    except ValueError:
        return text


def _concatenated(part: Any, task: Task) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(_concatenated(item, task) for item in part)
    if isinstance(part, dict):
        if isinstance(part.get("IfPresent"), dict):
            choice = part["IfPresent"]
            present = task.is_given(str(choice.get("InputName")))
            return _concatenated(choice.get("Then" if present else "Else", ""), task)
        return _concatenated(part.get("Concat", ""), task)
    return ""


def _insert(template: str, inputs: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in inputs:
            return match[0]
        text = as_text(inputs[match[1]])
        # Escaped, unlike Vertex AI's insertion: `payload-quote` reports what that breaks.
        return json.dumps(text)[1:-1] if _quoted(template, match.start()) else text

    filled = PARAMETER.sub(value, template)
    return _ANY_PLACEHOLDER.sub(
        lambda match: match[0] if _quoted(filled, match.start()) else "null", filled
    )


def _quoted(text: str, position: int) -> bool:
    """Whether the position is inside a JSON string: an odd number of quotes opens one."""
    before = re.sub(r"\\.", "", text[:position])
    return before.count('"') % 2 == 1


def _mappings(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield place, value
        for key, item in value.items():
            yield from _mappings(item, f"{place}.{key}")

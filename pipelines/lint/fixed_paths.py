"""Cloud Storage paths that are the same in each run, and how the steps use them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.lint.payloads.template import payloads
from pipelines.lint.pipeline import PLACEHOLDER, Task

Use = Literal["read", "output", "scratch"]

_URI = re.compile(r"(?:^|=)((?:gs://|/gcs/)\S+)")
# How a step uses a path is known only from the name of the input, flag or field.
_OUTPUT = {"out", "output", "outputs", "dest", "destination", "save", "export"}
_OUTPUT |= {"checkpoint", "checkpoints", "result", "results"}
_SCRATCH = {"staging", "temp", "tmp", "log", "logs", "root"}
# A version, date or hash in a path means that its content does not change.
_VERSION = re.compile(
    r"(?<![0-9a-z])(v\d+|v?\d+(\.\d+)+|\d{8,}|\d{4}-\d\d(-\d\d)?|[0-9a-f]{12,})(?![0-9a-z])"
)


@dataclass(frozen=True)
class FixedPath:
    """A path with its place in the spec."""

    place: str
    uri: str
    use: Use

    @property
    def pinned(self) -> bool:
        """Whether the path names a version of its content."""
        return bool(_VERSION.search(self.uri.split("/", 3)[-1].lower()))


def fixed_paths(task: Task) -> Iterator[FixedPath]:
    """The paths without placeholders among the step's inputs and arguments."""
    sent = payloads(task)
    if sent:  # the payload holds the inputs that matter
        for payload in sent:
            yield from _paths(payload, "", f"{task.path}: payload")
        return
    yield from _paths(dict(task.inputs), "", f"{task.path}: inputs")
    yield from _paths(task.container.get("args", []), "", f"{task.path}: args")


def _paths(value: Any, name: str, place: str) -> Iterator[FixedPath]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, key, f"{place}.{key}")
    elif isinstance(value, list):
        flag = name
        for index, item in enumerate(value):
            yield from _paths(item, flag, f"{place}[{index}]")
            # `--data gs://b/x` in two items: the flag names the item after it.
            is_flag = isinstance(item, str) and item.startswith("-") and "=" not in item
            flag = str(item) if is_flag else name
    elif isinstance(value, str):
        match = _URI.search(value)
        if match and PLACEHOLDER not in value:
            flag = value[: match.start()] or name
            yield FixedPath(place, match[1], _use(flag))


def _use(name: str) -> Use:
    words = set(re.split(r"[^a-z]+", name.lower()))
    if words & _OUTPUT:
        return "output"
    return "scratch" if words & _SCRATCH else "read"

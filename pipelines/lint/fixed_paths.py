"""Cloud Storage paths that are the same in every run, and what the steps do with them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.lint.payload import payloads
from pipelines.lint.pipeline import PLACEHOLDER, Step

Use = Literal["read", "output", "scratch"]

_URI = re.compile(r"(?:^|=)((?:gs://|/gcs/)\S+)")
# What a step does with a path can only be told from the name of the input, flag or field.
_OUTPUT = {"out", "output", "outputs", "dest", "destination", "save", "export"}
_OUTPUT |= {"checkpoint", "checkpoints", "result", "results"}
_SCRATCH = {"staging", "temp", "tmp", "log", "logs", "root"}
# A version, date or hash in a path says that its content stays as it is.
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
        """Whether the path names a version of what it holds."""
        return bool(_VERSION.search(self.uri.split("/", 3)[-1].lower()))


def fixed_paths(step: Step) -> Iterator[FixedPath]:
    """The paths among the step's inputs and arguments that hold no placeholder."""
    sent = payloads(step)
    if sent:  # it has the inputs that matter, in their places
        for payload in sent:
            yield from _paths(payload, "", f"{step.path}: payload")
        return
    yield from _paths(dict(step.inputs), "", f"{step.path}: inputs")
    yield from _paths(step.container.get("args", []), "", f"{step.path}: args")


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

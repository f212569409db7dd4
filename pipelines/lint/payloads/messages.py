"""A payload as Google reads it: with Google's own messages, field by field.

There are two readers. Vertex AI parses the JSON of a job as its REST API does, which takes "1" for
a number and camelCase names too (kubeflow/pipelines#10883, #11504). The launcher in a step's
container, for what Vertex AI does not start itself, gives it to the constructor of the API's class,
which takes neither. Both refuse a whole payload with the first fault and seldom say where it is.
Here each field is tried alone, in a payload of nothing else, so that every fault has its place.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util

from pipelines.lint.payloads import checks, cures
from pipelines.lint.pipeline import PLACEHOLDER

Path = tuple[str | int, ...]  # names of fields, and places in lists
# Of what Google's classes raise for a value that a field does not take.
REFUSALS: tuple[type[Exception], ...] = (
    json_format.ParseError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
)
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE,
}


class Problem(NamedTuple):
    """Why a payload is refused: the place in it, what is there, and what to write instead."""

    place: str
    found: str
    cure: str


@dataclass(frozen=True)
class Reader:
    """How a payload is read.

    Attributes:
        descriptor: of the message.
        parse: makes the message of the whole payload, or raises one of REFUSALS.
        names: attributes of a field that hold the names which it may have in the payload.
        changed: fields that the launcher changes before it reads them.
    """

    descriptor: Descriptor
    parse: Callable[[Mapping[str, Any]], Any]
    names: tuple[str, ...]
    changed: frozenset[str] = frozenset()

    def field(self, message: Descriptor, key: str) -> FieldDescriptor | None:
        """The field that a key of the JSON stands for."""
        return next(
            (f for f in message.fields if key in {getattr(f, name) for name in self.names}), None
        )


def api_problems(launch_type: str, payload: Any) -> Iterator[Problem]:
    """Why Vertex AI refuses the payload; nothing for launchers not known here.

    Args:
        launch_type: the launcher's --type.
        payload: the JSON with the known values inserted; what is not known before the run is
            null, or a placeholder inside a string.
    """
    if launch_type not in KNOWN:
        return
    if not isinstance(payload, dict):
        yield Problem("", json.dumps(payload)[:40], "Give a JSON object.")
        return
    reader = _api(launch_type)
    content = _without_empty(_whole_numbers(payload))
    refused = dict(_refused(reader, reader.descriptor, content, ()))
    yield from refused.values()
    for path in refused:
        _forget(content, path)
    try:
        message = reader.parse(_without_empty(_known(content, reader, reader.descriptor)))
    except REFUSALS as error:
        yield Problem("", " ".join(str(error).split()), "Correct the payload.")
        return
    for field, found, cure in _messages()[launch_type][1](message):
        # What holds a refused part may be as it should be without it.
        holds_refused = any(as_text(path).startswith(field) for path in refused)
        if not (holds_refused or _has_gap(payload, field) or _has_gap(content, field)):
            yield Problem(field, found, cure)


def launcher_problems(launch_type: str, payload: Any) -> Iterator[Problem]:
    """Why the launcher in the step's container refuses what Vertex AI accepts.

    Args: as of `api_problems`.
    """
    if launch_type not in _CONSTRUCTED or not isinstance(payload, dict):
        return
    api, launcher = _api(launch_type), _launcher(launch_type)
    content = _without_empty(_whole_numbers(payload))
    refused = {path for path, _ in _refused(api, api.descriptor, content, ())}
    for path, problem in _refused(launcher, launcher.descriptor, content, ()):
        if path not in refused:
            yield problem


# The launchers that give the payload to a constructor; the others post it to the API.
_CONSTRUCTED = {
    "CustomJob",
    "HyperparameterTuningJob",
    "HyperparameterTuningJobWithMetrics",
    "BatchPredictionJob",
}
_POSTED = {"UploadModel", "CreateEndpoint", "DeployModel"}
KNOWN = _CONSTRUCTED | _POSTED


@cache
def _messages() -> dict[str, tuple[Any, Callable[[Any], Iterator[checks.Problem]]]]:
    """By the launcher's --type: the class of the message, and what else Vertex AI refuses in it."""
    from google.cloud.aiplatform_v1 import types as vertex

    tuning = vertex.HyperparameterTuningJob, checks.tuning_job
    return {
        "CustomJob": (vertex.CustomJob, checks.custom_job),
        "HyperparameterTuningJob": tuning,
        "HyperparameterTuningJobWithMetrics": tuning,
        "BatchPredictionJob": (vertex.BatchPredictionJob, checks.batch_prediction_job),
        "UploadModel": (vertex.Model, checks.model),
        "CreateEndpoint": (vertex.Endpoint, checks.endpoint),
        "DeployModel": (vertex.DeployModelRequest, checks.nothing),
    }


def _api(launch_type: str) -> Reader:
    message, _ = _messages()[launch_type]

    def parse(content: Mapping[str, Any]) -> Any:
        return message(json_format.ParseDict(dict(content), message.pb(message())))

    return Reader(message.pb(message()).DESCRIPTOR, parse, ("name", "json_name"))


def _launcher(launch_type: str) -> Reader:
    message, _ = _messages()[launch_type]
    changed = frozenset({"explanation_spec", "model_parameters"})
    return Reader(message.pb(message()).DESCRIPTOR, message, ("name",), changed)


def nearest_accelerator(name: str) -> str:
    """The API's name of an accelerator: the same, or the one that was most likely meant."""
    from google.cloud.aiplatform_v1 import types as vertex

    names = [name for name, value in vertex.AcceleratorType.__members__.items() if value]
    return name if name in names else cures.nearest(name, names) or "NVIDIA_TESLA_T4"


def _refused(
    reader: Reader, message: Descriptor, content: dict[str, Any], path: Path
) -> Iterator[tuple[Path, Problem]]:
    """The parts of `content`, which stands at `path`, that its message does not take."""
    for key, value in list(content.items()):
        here = (*path, key)
        if key in reader.changed:
            continue
        field = reader.field(message, key)
        if field is None:
            names = [each.name for each in message.fields]
            if meant := cures.meant_field(key, names):
                content.setdefault(meant, None)  # it is not missing, but misspelt
            yield here, Problem(as_text(here), key, cures.unknown_field(key, names))
        elif _is_map(field):
            yield from _refused_map(reader, field, value, here)
        elif field.is_repeated:
            if not isinstance(value, list):
                yield here, Problem(as_text(here), _shown(value), cures.a_list(field, value))
                continue
            for index, item in enumerate(value):
                yield from _refused_value(reader, field, item, (*here, index))
        else:
            yield from _refused_value(reader, field, value, here)
    for oneof in message.oneofs:
        chosen = [f.name for f in oneof.fields if _is_said(content.get(f.name))]
        if len(chosen) > 1:
            found = " and ".join(chosen)
            for name in chosen[1:]:
                yield (*path, name), Problem(as_text(path), found, f"Give one of {found} only.")


def _refused_map(
    reader: Reader, field: FieldDescriptor, value: Any, path: Path
) -> Iterator[tuple[Path, Problem]]:
    if not isinstance(value, dict):
        yield path, Problem(as_text(path), _shown(value), "Give an object of names and values.")
        return
    for key, item in value.items():
        assert field.message_type is not None  # a map is a message of keys and values
        of_item = field.message_type.fields_by_name["value"]
        yield from _refused_value(reader, of_item, item, (*path, key))


def _refused_value(
    reader: Reader, field: FieldDescriptor, value: Any, path: Path
) -> Iterator[tuple[Path, Problem]]:
    nested = field.message_type
    if nested is not None and _is_of_the_api(nested):
        if isinstance(value, dict):
            yield from _refused(reader, nested, value, path)
        else:
            yield path, Problem(as_text(path), _shown(value), cures.an_object(nested, value))
        return
    if value is None:
        return
    sample = _sample(field, value)
    try:
        if sample is not None:
            reader.parse(_nested(path, sample))
    except REFUSALS:
        yield path, Problem(as_text(path), _shown(value), cures.of_value(field, value))


def _sample(field: FieldDescriptor, value: Any) -> Any:
    """A value of the kind that the field gets; None if that is not known before the run."""
    if not (isinstance(value, str) and PLACEHOLDER in value):
        return value
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return value
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "true"
    return "1" if field.cpp_type in _NUMBERS else None


def _nested(path: Path, value: Any) -> Any:
    """A payload of nothing but the value at its path."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def _known(content: Any, reader: Reader, message: Descriptor) -> Any:
    """The payload without what is not known, except in strings, which may hold placeholders."""
    known = {}
    for key, value in content.items():
        field = reader.field(message, key)
        if field is None or value is None:
            continue
        nested = field.message_type
        if nested is not None and _is_of_the_api(nested) and not _is_map(field):
            items = value if isinstance(value, list) else [value]
            items = [_known(item, reader, nested) for item in items if isinstance(item, dict)]
            known[key] = items if isinstance(value, list) else items[0]
        elif not (isinstance(value, str) and PLACEHOLDER in value) or (
            field.cpp_type == FieldDescriptor.CPPTYPE_STRING
        ):
            known[key] = value
    for oneof in message.oneofs:  # which of them is given shows in the run
        chosen = [each.name for each in oneof.fields if each.name in known]
        for name in chosen if len(chosen) > 1 else ():
            if not _is_said(known[name]):
                del known[name]
    return known


def _has_gap(value: Any, field: str) -> bool:
    """Whether a field, or what it stands in, gets its value in the run, or was refused."""
    value = json_util.camel_case_to_snake_case_recursive(value)
    for step in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
        if value is None or (isinstance(value, str) and PLACEHOLDER in value):
            return True
    return False


def _forget(content: Any, path: Path) -> None:
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = None


def _without_empty(content: Any) -> Any:
    """As the launcher does first: empty values are left out; and so are unknown ones, null."""
    return json_util.recursive_remove_empty(_without_null(content))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _whole_numbers(value: Any) -> Any:
    """3.0, as a compiled YAML writes an integer, as 3; Vertex AI does that too."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_of_the_api(message: Descriptor) -> bool:
    """Not one of protobuf's own, such as Duration, which has a JSON form of its own."""
    return not message.full_name.startswith("google.protobuf.")


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _is_said(value: Any) -> bool:
    """Whether a value says something whatever the run's parameters are."""
    if isinstance(value, dict):
        return any(_is_said(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_said(item) for item in value)
    return bool(value) and not (isinstance(value, str) and PLACEHOLDER in value)


def as_text(path: Path) -> str:
    """`job_spec.worker_pool_specs[0].replica_count`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    kind = "the string " if isinstance(value, str) else ""
    kind = kind or ("the number " if isinstance(value, (int, float)) else "")
    text = json.dumps(value, ensure_ascii=False)
    return f"{kind}{text}"

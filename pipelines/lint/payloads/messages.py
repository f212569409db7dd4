"""A payload as Google reads it: with Google's own messages, field by field.

There are two readers. Vertex AI parses the JSON of a job as its REST API does, which takes "1" for
a number and camelCase names too (kubeflow/pipelines#10883, #11504). The launcher in a step's
container, for what Vertex AI does not start itself, gives it to the constructor of the API's class,
which takes neither. Both refuse a whole payload with the first fault and seldom say where it is.
Here each field is tried alone, in a payload of nothing else, so that every fault has its place.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from pipelines.lint.payloads import cures
from pipelines.lint.payloads.content import (
    Path,
    as_text,
    forget,
    has_gap,
    is_said,
    nested,
    whole_numbers,
    without_empty,
)
from pipelines.lint.payloads.readers import (
    CONSTRUCTED,
    KNOWN,
    REFUSALS,
    Reader,
    api_reader,
    launcher_reader,
)
from pipelines.lint.pipeline import PLACEHOLDER

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
    reader = api_reader(launch_type)
    content = without_empty(whole_numbers(payload))
    refused = dict(_refused(reader, reader.descriptor, content, ()))
    yield from refused.values()
    for path in refused:
        forget(content, path)
    try:
        message = reader.parse(without_empty(_known(content, reader, reader.descriptor)))
    except REFUSALS as error:
        yield Problem("", " ".join(str(error).split()), "Correct the payload.")
        return
    for field, found, cure in reader.check(message):
        # What holds a refused part may be as it should be without it.
        holds_refused = any(as_text(path).startswith(field) for path in refused)
        if not (holds_refused or has_gap(payload, field) or has_gap(content, field)):
            yield Problem(field, found, cure)


def launcher_problems(launch_type: str, payload: Any) -> Iterator[Problem]:
    """Why the launcher in the step's container refuses what Vertex AI accepts.

    Args: as of `api_problems`.
    """
    if launch_type not in CONSTRUCTED or not isinstance(payload, dict):
        return
    api, launcher = api_reader(launch_type), launcher_reader(launch_type)
    content = without_empty(whole_numbers(payload))
    refused = {path for path, _ in _refused(api, api.descriptor, content, ())}
    for path, problem in _refused(launcher, launcher.descriptor, content, ()):
        if path not in refused:
            yield problem


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
        chosen = [f.name for f in oneof.fields if is_said(content.get(f.name))]
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
    message = field.message_type
    if message is not None and _is_of_the_api(message):
        if isinstance(value, dict):
            yield from _refused(reader, message, value, path)
        else:
            yield path, Problem(as_text(path), _shown(value), cures.an_object(message, value))
        return
    if value is None:
        return
    sample = _sample(field, value)
    try:
        if sample is not None:
            reader.parse(nested(path, sample))
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


def _known(content: Any, reader: Reader, message: Descriptor) -> Any:
    """The payload without what is not known, except in strings, which may hold placeholders."""
    known = {}
    for key, value in content.items():
        field = reader.field(message, key)
        if field is None or value is None:
            continue
        inner = field.message_type
        if inner is not None and _is_of_the_api(inner) and not _is_map(field):
            items = value if isinstance(value, list) else [value]
            items = [_known(item, reader, inner) for item in items if isinstance(item, dict)]
            known[key] = items if isinstance(value, list) else items[0]
        elif not (isinstance(value, str) and PLACEHOLDER in value) or (
            field.cpp_type == FieldDescriptor.CPPTYPE_STRING
        ):
            known[key] = value
    for oneof in message.oneofs:  # which of them is given shows in the run
        chosen = [each.name for each in oneof.fields if each.name in known]
        for name in chosen if len(chosen) > 1 else ():
            if not is_said(known[name]):
                del known[name]
    return known


def _is_of_the_api(message: Descriptor) -> bool:
    """Not one of protobuf's own, such as Duration, which has a JSON form of its own."""
    return not message.full_name.startswith("google.protobuf.")


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _shown(value: Any) -> str:
    kind = "the string " if isinstance(value, str) else ""
    kind = kind or ("the number " if isinstance(value, (int, float)) else "")
    text = json.dumps(value, ensure_ascii=False)
    return f"{kind}{text}"

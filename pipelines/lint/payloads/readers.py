"""How Google reads a payload: by which message, and by which of its two parsers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from pipelines.lint.payloads import checks, cures

Check: TypeAlias = Callable[[Any], Iterator[checks.Problem]]
# What Google's classes raise for a value that a field does not take.
REFUSALS: tuple[type[Exception], ...] = (
    json_format.ParseError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
)
# The launchers that give the payload to a constructor; the others post it to the API.
CONSTRUCTED = {
    "CustomJob",
    "HyperparameterTuningJob",
    "HyperparameterTuningJobWithMetrics",
    "BatchPredictionJob",
}
_POSTED = {"UploadModel", "CreateEndpoint", "DeployModel"}
KNOWN = CONSTRUCTED | _POSTED


@dataclass(frozen=True)
class Reader:
    """How a payload is read.

    Attributes:
        descriptor: of the message.
        parse: makes the message of the whole payload, or raises one of REFUSALS.
        check: what else Vertex AI refuses in the message.
        names: attributes of a field that hold the names which it may have in the payload.
        changed: fields that the launcher changes before it reads them.
    """

    descriptor: Descriptor
    parse: Callable[[Mapping[str, Any]], Any]
    check: Check
    names: tuple[str, ...]
    changed: frozenset[str] = frozenset()

    def field(self, message: Descriptor, key: str) -> FieldDescriptor | None:
        """The field that a key of the JSON stands for."""
        return next(
            (f for f in message.fields if key in {getattr(f, name) for name in self.names}), None
        )


@cache
def _messages() -> dict[str, tuple[Any, Check]]:
    """By the launcher's --type: the class of the message, and its checks."""
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


def api_reader(launch_type: str) -> Reader:
    """As Vertex AI reads it."""
    message, check = _messages()[launch_type]

    def parse(content: Mapping[str, Any]) -> Any:
        return message(json_format.ParseDict(dict(content), message.pb(message())))

    return Reader(message.pb(message()).DESCRIPTOR, parse, check, ("name", "json_name"))


def launcher_reader(launch_type: str) -> Reader:
    """As the launcher's own code reads it; `launch_type` is one of CONSTRUCTED."""
    message, check = _messages()[launch_type]
    changed = frozenset({"explanation_spec", "model_parameters"})
    return Reader(message.pb(message()).DESCRIPTOR, message, check, ("name",), changed)


def nearest_accelerator(name: str) -> str:
    """The API's name of an accelerator: the same, or the one that was most likely meant."""
    from google.cloud.aiplatform_v1 import types as vertex

    names = [each for each, value in vertex.AcceleratorType.__members__.items() if value]
    return name if name in names else cures.nearest(name, names) or "NVIDIA_TESLA_T4"

"""Rules on the payload of a training job: what Google's launcher refuses when it parses it."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines.lint.payload import quoted_parameters, templates, worker_pools
from pipelines.lint.pipeline import Pipeline
from pipelines.lint.rule import Location, rule

# The int32 fields of a WorkerPoolSpec; its int64 field, replica_count, is parsed from text too.
# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec#WorkerPoolSpec
INT32_FIELDS = (
    ("machine_spec", "accelerator_count"),
    ("disk_spec", "boot_disk_size_gb"),
)


@rule(
    "int-in-worker-pool",
    why="An int parameter nested in worker_pool_specs arrives as text, and a number in args as a "
    "number; the launcher refuses both when it builds the CustomJob.",
    fix="Write the number itself, or use a container component whose payload has the placeholder "
    'outside quotes; in args write a text, f"--epochs={epochs}".',
)
def int_in_worker_pool(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        for pool in worker_pools(step):
            for part, field in INT32_FIELDS:
                value = pool.part(part).get(field)
                if isinstance(value, str):
                    yield f"{pool.place}.{part}.{field}", f"the text {value!r}"
            for part in ("container_spec", "python_package_spec"):
                for field in ("command", "args"):
                    words = pool.part(part).get(field)
                    for index, value in enumerate(words if isinstance(words, list) else []):
                        if isinstance(value, (bool, int, float)):
                            yield f"{pool.place}.{part}.{field}[{index}]", f"the number {value}"


@rule(
    "camel-case-in-payload",
    why="The launcher knows the fields by their snake_case names only.",
    fix="Write worker_pool_specs, machine_spec, image_uri and so on.",
)
def camel_case_in_payload(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        for pool in worker_pools(step):
            for key in _field_names(pool.spec):
                if re.fullmatch(r"[a-z]+([A-Z][a-z]*)+", key):
                    yield pool.place, key


@rule(
    "payload-quote",
    why="The value is put into the payload's JSON as it is, so that this character breaks it and "
    "the step fails at its start.",
    fix='Use a value without ", \\ and control characters.',
)
def payload_quote(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        for template in templates(step):
            for name in quoted_parameters(template):
                value = step.inputs.get(name)
                if isinstance(value, str) and breaks_json(value):
                    yield f"{step.path}: inputs.{name}", repr(value)


def breaks_json(value: str) -> bool:
    """Whether the text cannot stand as it is between the quotes of a JSON string."""
    return any(character in '"\\' or character < " " for character in value)


def _field_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _field_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _field_names(item)

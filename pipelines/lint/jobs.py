"""Rules on the machines of a run: accelerators, their images, and where jobs write."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.payloads.template import worker_pools
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline
from pipelines.lint.rule import Location, rule
from pipelines.prices.machines import NO_ACCELERATOR, built_in, mismatch

# Names of images without CUDA: Google's own (pytorch-xla, tf-cpu.2-15), and those that follow its
# convention. https://cloud.google.com/vertex-ai/docs/training/pre-built-containers
_CPU_IMAGE = re.compile(r"(^|[/:._-])(cpu|xla)([/:._-]|$)")


@rule(
    "accelerator-pair",
    why="Vertex AI refuses an accelerator type without a count, and a count without a type.",
    fix="Give both or neither; for no accelerator, omit both, or give "
    "ACCELERATOR_TYPE_UNSPECIFIED with 0.",
)
def accelerator_pair(pipeline: Pipeline) -> Iterator[Location]:
    for request in _requests(pipeline):
        kind, count = request.accelerator, request.number
        if kind is not None and count is not None and bool(kind) != bool(count):
            yield request.place, f"type {kind or 'none'}, count {count}"


@rule(
    "accelerator-machine",
    why="The machine type cannot have these accelerators (pipelines/prices/machines.toml).",
    fix="Use a valid pair, for example n1-standard-8 with 1 NVIDIA_TESLA_T4, or "
    "g2-standard-4 with 1 NVIDIA_L4.",
)
def accelerator_machine(pipeline: Pipeline) -> Iterator[Location]:
    for request in _requests(pipeline):
        machine, kind, count = request.machine, request.accelerator, request.number
        if machine and kind and count:
            problem = mismatch(machine, kind, count)
            if problem:
                yield request.place, f"{machine} with {count} × {kind}: {problem}"


@rule(
    "gpu-with-cpu-image",
    why="The image has no CUDA: the GPU is paid for but never used.",
    fix="Use an image with CUDA, or request no accelerator.",
)
def gpu_with_cpu_image(pipeline: Pipeline) -> Iterator[Location]:
    for request in _requests(pipeline):
        attached = request.accelerator if request.accelerator and request.number else ""
        gpu = next(iter(built_in(request.machine or "")), attached)
        if gpu and not gpu.startswith("TPU") and _CPU_IMAGE.search(request.image):
            yield request.place, f"{gpu} with {request.image}"


@rule(
    "shared-output-directory",
    why="Two runs at the same time, or two steps of one, overwrite each other's files there.",
    fix="Write to the URI of an output artifact of the step, which differs in each run.",
)
def shared_output_directory(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        for path in fixed_paths(task):
            if path.use == "output":
                yield path.place, path.uri


class MachineRequest(NamedTuple):
    """The machine that a training job or a step requests.

    An empty string or 0 means none; None means not known before the run.
    """

    place: str
    machine: str | None
    accelerator: str | None
    number: int | None
    image: str


def _requests(pipeline: Pipeline) -> Iterator[MachineRequest]:
    for task in pipeline.tasks:
        for pool in worker_pools(task):
            machine = pool.part("machine_spec")
            yield MachineRequest(
                f"{pool.place}.machine_spec",
                _known(machine, "machine_type"),
                _known(machine, "accelerator_type"),
                _count(machine, "accelerator_count"),
                pool.image,
            )
        requested = task.container.get("resources", {}).get("accelerator")
        if requested:
            # Newer compilers write resourceType and resourceCount, and the older names as well.
            yield MachineRequest(
                f"{task.path}: resources.accelerator",
                "",
                _known(requested, "resourceType" if "resourceType" in requested else "type"),
                _count(requested, "resourceCount" if "resourceCount" in requested else "count"),
                task.container.get("image", ""),
            )


def _known(mapping: Mapping[str, Any], key: str) -> str | None:
    value = mapping.get(key, "")
    if not isinstance(value, str) or PLACEHOLDER in value:
        return None
    return "" if value in NO_ACCELERATOR else value


def _count(mapping: Mapping[str, Any], key: str) -> int | None:
    value = mapping.get(key, 0)
    try:
        return None if value is None else int(float(value))
    except (TypeError, ValueError):
        return None

"""Rules on the machines of a run: accelerators, the images that use them, where jobs write."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.payload import worker_pools
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline
from pipelines.lint.rule import Location, rule
from pipelines.prices.machines import NO_ACCELERATOR, built_in, mismatch

# Names that say an image has no CUDA: Google's own (pytorch-xla, tf-cpu.2-15), and whoever
# follows that custom. https://cloud.google.com/vertex-ai/docs/training/pre-built-containers
_CPU_IMAGE = re.compile(r"(^|[/:._-])(cpu|xla)([/:._-]|$)")


@rule(
    "accelerator-pair",
    why="Vertex AI refuses an accelerator type without a count, and a count without a type.",
    fix="Give both or neither; to have none, leave both out, or ACCELERATOR_TYPE_UNSPECIFIED "
    "with 0.",
)
def accelerator_pair(pipeline: Pipeline) -> Iterator[Location]:
    for wish in _wishes(pipeline):
        kind, count = wish.accelerator, wish.number
        if kind is not None and count is not None and bool(kind) != bool(count):
            yield wish.place, f"type {kind or 'none'}, count {count}"


@rule(
    "accelerator-machine",
    why="The machine type does not come with these accelerators (pipelines/prices/machines.toml).",
    fix="Choose a pair that exists, for example n1-standard-8 with 1 NVIDIA_TESLA_T4, or "
    "g2-standard-4 with 1 NVIDIA_L4.",
)
def accelerator_machine(pipeline: Pipeline) -> Iterator[Location]:
    for wish in _wishes(pipeline):
        machine, kind, count = wish.machine, wish.accelerator, wish.number
        if machine and kind and count:
            problem = mismatch(machine, kind, count)
            if problem:
                yield wish.place, f"{machine} with {count} × {kind}: {problem}"


@rule(
    "gpu-with-cpu-image",
    why="The image has no CUDA: the GPU is paid for and never used.",
    fix="Name an image with CUDA, or ask for no accelerator.",
)
def gpu_with_cpu_image(pipeline: Pipeline) -> Iterator[Location]:
    for wish in _wishes(pipeline):
        attached = wish.accelerator if wish.accelerator and wish.number else ""
        gpu = next(iter(built_in(wish.machine or "")), attached)
        if gpu and not gpu.startswith("TPU") and _CPU_IMAGE.search(wish.image):
            yield wish.place, f"{gpu} with {wish.image}"


@rule(
    "shared-output-directory",
    why="Two runs at the same time, or two steps of one, overwrite each other's files there.",
    fix="Write to the URI of an output artifact of the step, which is the run's own.",
)
def shared_output_directory(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        for path in fixed_paths(step):
            if path.use == "output":
                yield path.place, path.uri


class MachineRequest(NamedTuple):
    """The machine that a training job or a step asks for.

    An empty text or 0 is none; None is not known before the run.
    """

    place: str
    machine: str | None
    accelerator: str | None
    number: int | None
    image: str


def _wishes(pipeline: Pipeline) -> Iterator[MachineRequest]:
    for step in pipeline.steps:
        for pool in worker_pools(step):
            machine = pool.part("machine_spec")
            yield MachineRequest(
                f"{pool.place}.machine_spec",
                _known(machine, "machine_type"),
                _known(machine, "accelerator_type"),
                _count(machine, "accelerator_count"),
                pool.image,
            )
        asked = step.container.get("resources", {}).get("accelerator")
        if asked:
            # Newer compilers write resourceType and resourceCount, and the older names as well.
            yield MachineRequest(
                f"{step.path}: resources.accelerator",
                "",
                _known(asked, "resourceType" if "resourceType" in asked else "type"),
                _count(asked, "resourceCount" if "resourceCount" in asked else "count"),
                step.container.get("image", ""),
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

"""Rules on the machines of a run: accelerators, their images, and where jobs write."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.payloads.template import serving_machines, worker_pools
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline, Task
from pipelines.lint.rule import Location, rule
from pipelines.prices.machines import NO_ACCELERATOR, built_in, mismatch, table

# https://cloud.google.com/compute/docs/eol/k80-eol
_RETIRED = {"NVIDIA_TESLA_K80": "2024-05-01"}
# Series whose smallest machines custom training does not have; prediction has them.
# https://cloud.google.com/vertex-ai/docs/training/configure-compute#machine-types
_SIZED = {"e2", "n1", "n2", "n2d"}
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
    "accelerator-type",
    why="Vertex AI has no accelerator of that name: the step is refused, or runs without one.",
    fix='Call .set_accelerator_type("NVIDIA_TESLA_T4").set_accelerator_limit(1) on the task; the '
    "names are those of https://cloud.google.com/vertex-ai/docs/reference/rest/v1/MachineSpec",
)
def accelerator_type(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:  # in the payload of a job, `payload-refused` finds it
        request = _of_step(task)
        if request and request.accelerator:
            from pipelines.lint.payloads.readers import nearest_accelerator

            nearest = nearest_accelerator(request.accelerator)
            if nearest != request.accelerator:
                cure = f'Call .set_accelerator_type("{nearest}").set_accelerator_limit(1).'
                yield request.place, request.accelerator, cure


@rule(
    "accelerator-retired",
    why="Google has taken the accelerator out of service.",
    fix="Use a newer one, for example NVIDIA_TESLA_T4 with n1-standard-8, or NVIDIA_L4 with "
    "g2-standard-4.",
)
def accelerator_retired(pipeline: Pipeline) -> Iterator[Location]:
    for request in _requests(pipeline):
        if request.accelerator in _RETIRED:
            yield request.place, f"{request.accelerator} ended {_RETIRED[request.accelerator]}"


@rule(
    "machine-type",
    why="Custom training has no machine of that size.",
    fix="Use a larger one, for example n1-standard-4.",
)
def machine_type(pipeline: Pipeline) -> Iterator[Location]:
    for request in _requests(pipeline):
        machine = request.machine or ""
        series, _, size = machine.partition("-")
        kind, _, vcpus = size.partition("-")
        if not request.trains or series not in _SIZED or not vcpus.isdecimal():
            continue
        least = min(table()["sizes"].get(f"{series}-{kind}", [0]))
        if int(vcpus) < least:
            cure = f"Use {series}-{kind}-{least} or a larger one."
            yield request.place, machine, cure


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
    severity="warning",
    why="Two runs at the same time, or two steps of one, overwrite each other's files there.",
    fix="Write to the URI of an output artifact of the step, which differs in each run.",
)
def shared_output_directory(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        for path in fixed_paths(task):
            if path.use == "output":
                yield path.place, path.uri


class MachineRequest(NamedTuple):
    """The machine that a training job, a step or a prediction requests.

    An empty string or 0 means none; None means not known before the run.
    """

    place: str
    machine: str | None
    accelerator: str | None
    number: int | None
    image: str
    trains: bool = False


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
                trains=True,
            )
        for place, machine in serving_machines(task):
            kind = _known(machine, "accelerator_type")
            count = _count(machine, "accelerator_count")
            yield MachineRequest(place, _known(machine, "machine_type"), kind, count, "")
        of_step = _of_step(task)
        if of_step:
            yield of_step


def _of_step(task: Task) -> MachineRequest | None:
    """What a step that runs a container of its own requests."""
    requested = task.container.get("resources", {}).get("accelerator")
    if not requested:
        return None
    # Newer compilers write resourceType and resourceCount, and the older names as well.
    return MachineRequest(
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

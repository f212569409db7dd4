"""What Vertex refuses and its SDK does not: names, labels, specs, parameters, machines, cron.

Texts have the form of the real service's: "List of found errors:" and a numbered list.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import grpc
from cronsim import CronSim, CronSimError
from google.cloud import aiplatform_v1 as vertex
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipelines.lint.payloads import checks as job_checks
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.rpc import Refused

Error = tuple[str, str]  # field, message
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
MAX_LABELS = 64
MAX_SPEC_BYTES = 1 << 20
# https://cloud.google.com/compute/docs/gpus/gpus-list (2026-11): the machine types of each GPU
# and how many of them one machine takes.
ACCELERATORS = {
    "NVIDIA_TESLA_T4": ("n1-", {1, 2, 4}),
    "NVIDIA_TESLA_P4": ("n1-", {1, 2, 4}),
    "NVIDIA_TESLA_P100": ("n1-", {1, 2, 4}),
    "NVIDIA_TESLA_V100": ("n1-", {1, 2, 4, 8}),
    "NVIDIA_L4": ("g2-", {1, 2, 4, 8}),
    "NVIDIA_TESLA_A100": ("a2-highgpu-", {1, 2, 4, 8, 16}),
    "NVIDIA_A100_80GB": ("a2-ultragpu-", {1, 2, 4, 8}),
    "NVIDIA_H100_80GB": ("a3-highgpu-", {1, 2, 4, 8}),
}
MACHINE = re.compile(r"(n1|n2|n2d|c2|e2|g2|a2|a3|c3|m1)-[a-z]+-\d+g?$")
# Of runtime parameter values in JSON, by the type that the spec declares.
TYPES: dict[str, tuple[type, ...]] = {
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "STRING": (str,),
    "BOOLEAN": (bool,),
    "STRUCT": (dict,),
    "LIST": (list,),
}


def refuse(errors: Iterator[Error]) -> None:
    """
    Raises:
        Refused: there are errors; INVALID_ARGUMENT, with all of them.
    """
    found = list(errors)
    if found:
        listed = "".join(
            f"\t{number}.Field: {field}; Message: {message}"
            for number, (field, message) in enumerate(found, start=1)
        )
        text = f"List of found errors:{listed}\t"
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, text)


def pipeline_job(job: vertex.PipelineJob, job_id: str) -> Iterator[Error]:
    """What is wrong with a PipelineJob to be created."""
    if not JOB_ID.fullmatch(job_id):
        yield "pipeline_job_id", f"must match {JOB_ID.pattern}, got {job_id!r}"
    if len(job.display_name) > 128:
        yield "pipeline_job.display_name", "must have at most 128 characters"
    yield from labels("pipeline_job.labels", job.labels)
    root = job.runtime_config.gcs_output_directory
    if not re.match(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/|$)", root):
        yield "pipeline_job.runtime_config.gcs_output_directory", f"Invalid GCS path: {root!r}"
    yield from key_and_network(
        ("pipeline_job.encryption_spec.kms_key_name", job.encryption_spec.kms_key_name),
        ("pipeline_job.network", job.network),
    )
    spec = vertex.PipelineJob.to_dict(job)["pipeline_spec"]
    yield from pipeline_spec(spec)
    if spec.get("root"):
        values = json_format.MessageToDict(
            vertex.PipelineJob.RuntimeConfig.pb(job.runtime_config)
        ).get("parameterValues", {})
        yield from parameters(spec["root"], values)


def key_and_network(key: Error, network: Error) -> Iterator[Error]:
    """What is wrong with a customer-managed key and a network, each a field and its value."""
    form = r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+"
    if key[1] and not re.fullmatch(form, key[1]):
        yield key[0], "Invalid key name."
    if network[1] and not re.fullmatch(r"projects/\d+/global/networks/[a-z0-9-]+", network[1]):
        yield network[0], f"Invalid network {network[1]!r}."


def labels(field: str, given: Any) -> Iterator[Error]:
    """https://cloud.google.com/resource-manager/docs/labels-overview#requirements"""
    if len(given) > MAX_LABELS:
        yield field, f"at most {MAX_LABELS} labels"
    for key, value in given.items():
        if not LABEL_KEY.fullmatch(key):
            yield field, f"Label key {key!r} is invalid."
        if not LABEL_VALUE.fullmatch(value):
            yield field, f"Label value {value!r} is invalid."


def pipeline_spec(spec: dict[str, Any]) -> Iterator[Error]:
    """What is wrong with a compiled pipeline."""
    field = "pipeline_job.pipeline_spec"
    if len(json.dumps(spec)) > MAX_SPEC_BYTES:
        yield field, f"The pipeline spec exceeds {MAX_SPEC_BYTES} bytes."
    try:
        json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    except json_format.ParseError as error:
        yield field, f"Failed to parse the pipeline spec: {error}"
        return
    name = spec.get("pipelineInfo", {}).get("name", "")
    if not NAME.fullmatch(name):
        yield f"{field}.pipeline_info.name", f"must match {NAME.pattern}, got {name!r}"
    if not spec.get("schemaVersion", "").startswith("2."):
        yield f"{field}.schema_version", "must be 2.0.0 or 2.1.0"
    if not spec.get("root", {}).get("dag", {}).get("tasks"):
        yield f"{field}.root", "The pipeline has no tasks."


def parameters(root: dict[str, Any], values: dict[str, Any]) -> Iterator[Error]:
    """Whether `values` are those that the pipeline declares: names, types, none missing."""
    field = "pipeline_job.runtime_config.parameter_values"
    declared = root.get("inputDefinitions", {}).get("parameters", {})
    for name, value in values.items():
        if name not in declared:
            yield field, f"Parameter {name} is not defined in the pipeline spec."
            continue
        kind = declared[name]["parameterType"]
        fits = isinstance(value, TYPES[kind])
        fits &= not (isinstance(value, bool) and kind != "BOOLEAN")
        fits &= not (kind == "NUMBER_INTEGER" and isinstance(value, float) and value % 1 != 0)
        if not fits:
            yield field, f"Parameter {name} must be of type {kind}, got {value!r}."
    for name, parameter in declared.items():
        optional = parameter.get("isOptional") or "defaultValue" in parameter
        if name not in values and not optional:
            yield field, f"Missing required parameter {name}."


def custom_job(job: vertex.CustomJob) -> Iterator[Error]:
    """What is wrong with a CustomJob to be created.

    Which fields are required, and their forms, is what `tabpipe lint` also checks. Labels and
    machines are judged here by rules and a table of their own.
    """
    for field, message, _ in job_checks.custom_job(job):
        yield field, message
    yield from labels("labels", job.labels)
    for index, pool in enumerate(job.job_spec.worker_pool_specs):
        yield from machine(f"job_spec.worker_pool_specs[{index}].machine_spec", pool.machine_spec)


def machine(field: str, spec: vertex.MachineSpec) -> Iterator[Error]:
    """Whether a machine exists, and takes the accelerators that are asked of it."""
    if not MACHINE.match(spec.machine_type):
        yield f"{field}.machine_type", f'Machine type "{spec.machine_type}" is not supported.'
    kind, count = spec.accelerator_type.name, spec.accelerator_count
    if (kind == "ACCELERATOR_TYPE_UNSPECIFIED") != (count == 0):
        yield f"{field}.accelerator_count", "Accelerator type and count must be set together."
        return
    if count:
        prefix, counts = ACCELERATORS.get(kind, ("", set()))
        if not spec.machine_type.startswith(prefix) or count not in counts:
            yield (
                f"{field}.accelerator_type",
                f'Machine type "{spec.machine_type}" does not take {count} of {kind}.',
            )


def schedule(given: vertex.Schedule, clock: Clock) -> Iterator[Error]:
    """What is wrong with a schedule to be created."""
    start: Any = given.start_time  # a datetime, whatever its annotation says
    if not given.display_name or len(given.display_name) > 128:
        yield "schedule.display_name", "must have 1 to 128 characters"
    if given.max_concurrent_run_count < 1:
        yield "schedule.max_concurrent_run_count", "Required field is not set."
    if given.end_time and start and given.end_time <= start:
        yield "schedule.end_time", "must be after start_time"
    yield from cron(given.cron, clock)
    job = given.create_pipeline_job_request.pipeline_job
    if not given.create_pipeline_job_request.parent:
        yield "schedule.create_pipeline_job_request.parent", "Required field is not set."
    yield from pipeline_job(job, "chosen-by-the-schedule")


def cron(expression: str, clock: Clock) -> Iterator[Error]:
    """Whether a schedule's cron expression can be read; `TZ=Area/City ` may precede it."""
    match = re.fullmatch(r"(?:(?:CRON_)?TZ=(\S+) )?(.+)", expression)
    if not match:
        yield "schedule.cron", f"Invalid cron expression {expression!r}."
        return
    try:
        if match[1]:
            ZoneInfo(match[1])
        CronSim(match[2], clock.now())
    except (CronSimError, LookupError, ValueError, OSError) as error:
        yield "schedule.cron", f"Invalid cron expression {expression!r}: {error}."
    if len(match[2].split()) != 5:
        yield "schedule.cron", f"A cron expression has five fields, got {match[2]!r}."

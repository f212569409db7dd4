"""What Vertex AI refuses in a job that Google's own classes accept.

The messages are Google's; a field of them that is not set has the value that its type begins with.
The rules are those of the API's reference, https://cloud.google.com/vertex-ai/docs/reference/rest/v1
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from google.cloud import aiplatform_v1 as vertex

_REQUIRED = "Required field is not set."
# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/DiskSpec
# In GB, by the docstring of google.cloud.aiplatform.CustomJob.from_local_script.
_MIN_DISK, _MAX_DISK = 100, 64000
_DISK_TYPES = ("pd-ssd", "pd-standard", "hyperdisk-balanced")


class Problem(NamedTuple):
    """Why a field is refused, and what to write."""

    field: str
    message: str
    cure: str


def nothing(_: Any) -> Iterator[Problem]:
    """For messages without a rule of their own."""
    yield from ()


def custom_job(job: "vertex.CustomJob") -> Iterator[Problem]:
    """What is wrong with a CustomJob to be created, its machines and labels aside."""
    yield from _display_name(job.display_name)
    yield from _job_spec("job_spec", job.job_spec)
    yield from _key(job.encryption_spec.kms_key_name)


def tuning_job(job: "vertex.HyperparameterTuningJob") -> Iterator[Problem]:
    """What is wrong with a HyperparameterTuningJob to be created."""
    yield from _display_name(job.display_name)
    if not job.study_spec.metrics:
        yield Problem("study_spec.metrics", _REQUIRED, "Name the metric: serialize_metrics.")
    if not job.study_spec.parameters:
        yield Problem("study_spec.parameters", _REQUIRED, "Name what to tune.")
    for name in ("max_trial_count", "parallel_trial_count"):
        if getattr(job, name) < 1:
            yield Problem(name, f"must be positive, got {getattr(job, name)}", "Give 1 or more.")
    yield from _job_spec("trial_job_spec", job.trial_job_spec)
    yield from _key(job.encryption_spec.kms_key_name)


def batch_prediction_job(job: "vertex.BatchPredictionJob") -> Iterator[Problem]:
    """What is wrong with a BatchPredictionJob to be created."""
    yield from _display_name(job.display_name)
    for part, name in (
        ("input_config", "instances_format"),
        ("output_config", "predictions_format"),
    ):
        if not getattr(getattr(job, part), name):
            yield Problem(f"{part}.{name}", _REQUIRED, "Give the format, such as jsonl.")
    output = job.output_config.gcs_destination.output_uri_prefix
    yield from _cloud_storage("output_config.gcs_destination.output_uri_prefix", output)
    for index, uri in enumerate(job.input_config.gcs_source.uris):
        yield from _cloud_storage(f"input_config.gcs_source.uris[{index}]", uri)
    yield from _service_account("service_account", job.service_account)
    yield from _key(job.encryption_spec.kms_key_name)


def model(given: "vertex.Model") -> Iterator[Problem]:
    """What is wrong with a model to be uploaded."""
    yield from _display_name(given.display_name)
    for index, alias in enumerate(given.version_aliases):
        if not re.fullmatch(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]", alias):
            cure = "Begin with a letter, and use letters, digits and hyphens; v1 is one."
            yield Problem(f"version_aliases[{index}]", f"Invalid alias {alias!r}.", cure)
    yield from _key(given.encryption_spec.kms_key_name)


def endpoint(given: "vertex.Endpoint") -> Iterator[Problem]:
    """What is wrong with an endpoint to be created."""
    yield from _display_name(given.display_name)
    yield from _network("network", given.network)
    yield from _key(given.encryption_spec.kms_key_name)


def _job_spec(at: str, spec: "vertex.CustomJobSpec") -> Iterator[Problem]:
    pools = spec.worker_pool_specs
    if not pools:
        message = "At least one worker pool must be specified."
        yield Problem(f"{at}.worker_pool_specs", message, "Give worker_pool_specs.")
    if pools and pools[0].replica_count != 1:
        yield Problem(
            f"{at}.worker_pool_specs[0].replica_count",
            f"must be 1, got {pools[0].replica_count}",
            "Give 1: the first pool is the primary replica; put the other machines into a second.",
        )
    for index, pool in enumerate(pools):
        yield from _worker_pool(
            f"{at}.worker_pool_specs[{index}]", pool, bool(spec.persistent_resource_id)
        )
    output = spec.base_output_directory.output_uri_prefix
    yield from _cloud_storage(f"{at}.base_output_directory.output_uri_prefix", output)
    yield from _service_account(f"{at}.service_account", spec.service_account)
    yield from _network(f"{at}.network", spec.network)
    if spec.tensorboard and not spec.service_account:
        # https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-training
        yield Problem(
            f"{at}.service_account",
            "Required with tensorboard.",
            "Give service_account: an account that may write to Cloud Storage and TensorBoard.",
        )


def _worker_pool(at: str, pool: "vertex.WorkerPoolSpec", persistent: bool) -> Iterator[Problem]:
    if pool.replica_count < 1:
        message = f"must be at least 1, got {pool.replica_count}"
        yield Problem(f"{at}.replica_count", message, "Give 1 or more, or leave the pool out.")
    task = pool._pb.WhichOneof("task")
    if task is None:
        message = "One of container_spec and python_package_spec must be set."
        cure = 'Give the image: "container_spec": {"image_uri": "REGION-docker.pkg.dev/…"}.'
        yield Problem(at, message, cure)
    elif task == "container_spec" and not pool.container_spec.image_uri:
        yield Problem(f"{at}.container_spec.image_uri", _REQUIRED, "Give the image.")
    elif task == "python_package_spec":
        package = pool.python_package_spec
        for name in ("executor_image_uri", "package_uris", "python_module"):
            if not getattr(package, name):
                yield Problem(f"{at}.python_package_spec.{name}", _REQUIRED, f"Give {name}.")
        for index, uri in enumerate(package.package_uris):
            yield from _cloud_storage(f"{at}.python_package_spec.package_uris[{index}]", uri)
    if not (pool.machine_spec.machine_type or persistent):
        cure = 'Give it: "machine_spec": {"machine_type": "n1-standard-4"}.'
        yield Problem(f"{at}.machine_spec.machine_type", _REQUIRED, cure)
    disk = pool.disk_spec.boot_disk_type
    if disk and disk not in _DISK_TYPES:
        cure = f"Write one of: {', '.join(_DISK_TYPES)}."
        yield Problem(f"{at}.disk_spec.boot_disk_type", f"Invalid disk type {disk!r}.", cure)
    size = pool.disk_spec.boot_disk_size_gb
    if size and not _MIN_DISK <= size <= _MAX_DISK:
        message = f"must be from {_MIN_DISK} to {_MAX_DISK}, got {size}"
        cure = f"Give {min(max(size, _MIN_DISK), _MAX_DISK)}, or leave it out for 100 GB."
        yield Problem(f"{at}.disk_spec.boot_disk_size_gb", message, cure)


def _display_name(name: str) -> Iterator[Problem]:
    if not name:
        yield Problem("display_name", _REQUIRED, "Give a name of 1 to 128 characters.")


def _cloud_storage(field: str, uri: str) -> Iterator[Problem]:
    if uri and not uri.startswith("gs://"):
        cure = f"Write a URI of Cloud Storage, gs://BUCKET/{uri.lstrip('/')}."
        yield Problem(field, f"Invalid GCS path: {uri!r}", cure)


def _service_account(field: str, account: str) -> Iterator[Problem]:
    if account and "@" not in account:
        cure = f"Write its address, {account}@PROJECT.iam.gserviceaccount.com."
        yield Problem(field, f"Invalid service account {account!r}.", cure)


def _network(field: str, network: str) -> Iterator[Problem]:
    if network and not re.fullmatch(r"projects/\d+/global/networks/[a-z0-9-]+", network):
        cure = (
            "Write projects/NUMBER/global/networks/NAME, with the project's number: "
            "gcloud projects describe PROJECT --format 'value(projectNumber)'."
        )
        yield Problem(field, f"Invalid network {network!r}.", cure)


def _key(name: str) -> Iterator[Problem]:
    form = "projects/P/locations/L/keyRings/R/cryptoKeys/K"
    if name and not re.fullmatch(re.sub(r"/[PLRK]\b", "/[^/]+", form), name):
        yield Problem(
            "encryption_spec.kms_key_name", f"Invalid key name {name!r}.", f"Write {form}."
        )

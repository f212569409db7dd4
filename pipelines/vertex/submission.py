"""The request that submits a run, complete before anything is sent."""

import contextlib
import datetime
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from pipelines.project.settings import Settings
from trainer.errors import InputError, TabularError
from trainer.uri import join

DIGEST_LABEL = "tabpipe-digest"
# https://cloud.google.com/resource-manager/docs/labels-overview#requirements
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
RUN_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.metadataStores.contexts/create
EXPERIMENT = re.compile(r"[a-z0-9][-a-z0-9]{3,127}")
EXPERIMENT_SCHEMA = "system.Experiment"
MAX_NAME_CHARACTERS = 128


def new_run_id() -> str:
    """A new id; ids sort by time."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"tabular-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def parse_labels(given: Iterable[str]) -> dict[str, str]:
    """`key=value` labels.

    Raises:
        InputError: not of that form, or with characters that Google Cloud does not allow.
    """
    labels = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not (separator and LABEL_KEY.fullmatch(key) and LABEL_VALUE.fullmatch(value)):
            raise InputError(
                "--label must be KEY=VALUE, each of at most 63 of a-z, 0-9, _ and -, the key "
                f"beginning with a letter, got {text}"
            )
        labels[key] = value
    return labels


def pipeline_job(
    compiled: str,
    arguments: Mapping[str, Any],
    settings: Settings,
    labels: Mapping[str, str],
    title: str,
) -> dict[str, Any]:
    """A PipelineJob as JSON, with a digest of itself among its labels.

    Args:
        compiled: the compiled YAML.
        arguments: values of its parameters.
        settings: the settings in force; `bucket` is required.
        labels: labels of the run, in addition to its owner's.
        title: what the Console shows after the owner's name.

    Raises:
        InputError: a name is too long.
    """
    documents = list(yaml.safe_load_all(compiled))
    if len(documents) != 1:
        raise InputError(f"a pipeline must be one YAML document, got {len(documents)}")
    (spec,) = documents
    owner = settings.owner.value
    job: dict[str, Any] = {
        # People share accounts, so the name says whose run it is.
        "displayName": f"{owner}: {title}",
        "pipelineSpec": spec,
        "runtimeConfig": {
            "gcsOutputDirectory": join(settings.required("bucket"), "runs"),
            "parameterValues": dict(arguments),
        },
        "labels": {"owner": as_label(owner), "tool": "tabpipe", **labels},
    }
    if len(job["displayName"]) > MAX_NAME_CHARACTERS:
        raise InputError(
            f"a run's name must have at most {MAX_NAME_CHARACTERS} characters, got "
            f"{job['displayName']}; set a shorter owner"
        )
    if settings.service_account.value:
        job["serviceAccount"] = settings.service_account.value
    if settings.network.value:
        job["network"] = settings.network.value
    if settings.kms_key.value:
        job["encryptionSpec"] = {"kmsKeyName": settings.kms_key.value}
    job["labels"][DIGEST_LABEL] = digest(job)
    return job


def without_owner(
    job: Mapping[str, Any], arguments: Mapping[str, Any], labels: Mapping[str, str], title: str
) -> dict[str, Any]:
    """What a PipelineJob asks for, whoever asks: of two people's jobs it is equal or it is not.

    Args:
        job: of `pipeline_job`.
        arguments, labels, title: what it was made of, without what the owner's name adds.
    """
    config = {**job["runtimeConfig"], "parameterValues": dict(arguments)}
    return {**job, "displayName": title, "labels": dict(labels), "runtimeConfig": config}


def create_request(parent: str, run_id: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """A CreatePipelineJobRequest as JSON.

    Raises:
        InputError: Vertex AI does not allow the id.
    """
    if not RUN_ID.fullmatch(run_id):
        raise InputError(f"--run-id must match {RUN_ID.pattern}, got {run_id}")
    return {"parent": parent, "pipelineJobId": run_id, "pipelineJob": dict(job)}


@contextlib.contextmanager
def repeatable(run_id: str) -> Iterator[None]:
    """Adds to an error how to repeat the command without a second run."""
    try:
        yield
    except InputError:
        raise
    except TabularError as error:
        raise TabularError(
            f"{error}; to try again, give --run-id {run_id}: that submits the run only once"
        ) from None


def experiment_request(parent: str, name: str) -> dict[str, Any]:
    """A CreateContextRequest as JSON: an experiment, as Google's SDK makes one.

    Raises:
        InputError: Vertex AI does not allow the name.
    """
    if not EXPERIMENT.fullmatch(name):
        raise InputError(f"--experiment must match {EXPERIMENT.pattern}, got {name}")
    return {
        "parent": f"{parent}/metadataStores/default",
        "contextId": name,
        "context": {
            "displayName": name,
            "schemaTitle": EXPERIMENT_SCHEMA,
            "schemaVersion": "0.0.1",
            "metadata": {"experiment_deleted": False},  # the Console shows those alone
        },
    }


def digest(content: Any) -> str:
    """A hash of the JSON that is a valid label value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def as_label(text: str) -> str:
    """A valid label value: lower case, and - in place of what is not allowed."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:63]


def digest_of(schedule: Mapping[str, Any]) -> str:
    """The digest of a schedule; empty for one that another tool created."""
    labels = schedule["createPipelineJobRequest"]["pipelineJob"].get("labels", {})
    found: str = labels.get(DIGEST_LABEL, "")
    return found

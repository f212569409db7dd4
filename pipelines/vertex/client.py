"""A client for Vertex AI and Cloud Storage: the calls that this project needs, on plain data.

The only module of the pipelines that imports google.cloud. It uses the clients that Google
generates from the API's definition, not `aiplatform.PipelineJob` on top of them: so what is sent is
exactly what `--dry-run` printed, and a request can be repeated safely after a lost answer.
"""

import contextlib
import datetime
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.auth
import google.cloud.storage as storage
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.transport.requests import AuthorizedSession
from google.cloud import aiplatform_v1 as api
from google.protobuf import json_format

from pipelines.record import Record
from pipelines.vertex.errors import ATTEMPT_SECONDS, LOST, RETRY, translate_errors
from pipelines.vertex.records import add_details, as_json, make_record
from pipelines.vertex.submission import DIGEST_LABEL, EXPERIMENT_SCHEMA, digest_of
from trainer.errors import InputError, TabularError
from trainer.uri import SCHEME, Uri, join

CALL: dict[str, Any] = {"retry": RETRY, "timeout": ATTEMPT_SECONDS}
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGGING = "https://logging.googleapis.com/v2/entries:list"
MAX_LOG_LINES = 1000
CONTEXT_SECONDS = 300.0  # maximum wait for a run's context in ML Metadata


class Vertex:
    """One project and region.

    Args:
        project: project id.
        region: for example us-central1.
    """

    def __init__(self, project: str, region: str) -> None:
        self.project, self.region = project, region
        self.parent = f"projects/{project}/locations/{region}"
        options = ClientOptions(api_endpoint=f"{region}-aiplatform.googleapis.com")
        with translate_errors("reach Google Cloud"):
            self._pipelines = api.PipelineServiceClient(client_options=options)
            self._schedules = api.ScheduleServiceClient(client_options=options)
            self._jobs = api.JobServiceClient(client_options=options)
            self._metadata = api.MetadataServiceClient(client_options=options)
            self._storage = storage.Client(project=project)

    # Runs

    def create_run(self, request: dict[str, Any]) -> None:
        """Submits a run; submitting the same request again does nothing.

        Args:
            request: a CreatePipelineJobRequest as JSON. Its label DIGEST_LABEL shows whether an
                existing run of the same id is this one.

        Raises:
            InputError: the request is refused, or the id belongs to another run.
            TabularError: no permission, a quota, or no answer.
        """
        message = api.CreatePipelineJobRequest()
        json_format.ParseDict(request, api.CreatePipelineJobRequest.pb(message))
        run_id = message.pipeline_job_id
        with translate_errors(f"submit {run_id}"):
            try:
                self._pipelines.create_pipeline_job(message, **CALL)
            except exceptions.AlreadyExists:
                existing = self._pipelines.get_pipeline_job(name=self._name(run_id), **CALL)
                ours = message.pipeline_job.labels[DIGEST_LABEL]
                if existing.labels.get(DIGEST_LABEL) != ours:
                    raise InputError(
                        f"--run-id must be new, got {run_id}; another run has it"
                    ) from None

    def run(self, run_id: str) -> Record:
        """The record of a run.

        Raises:
            InputError: there is no run of that id.
        """
        with translate_errors(f"read {run_id}"):
            job = self._pipelines.get_pipeline_job(name=self._name(run_id), **CALL)
        record = self._record(job)
        add_details(record, job)
        record.sizes = self._sizes(record.artifacts)
        if record.state == "FAILED":
            record.error = self._why_failed(record)
        return record

    def runs(self, pipeline: str, limit: int) -> list[Record]:
        """The newest runs of the pipeline of that name, without their steps."""
        request = api.ListPipelineJobsRequest(
            parent=self.parent,
            filter=f'pipeline_name="{pipeline}"',
            order_by="create_time desc",
            page_size=min(limit, 100),
        )
        with translate_errors("list the runs"):
            jobs = self._pipelines.list_pipeline_jobs(request, **CALL)
            return [self._record(job) for job, _ in zip(jobs, range(limit), strict=False)]

    def unfinished_specs(self) -> Iterator[dict[str, Any]]:
        """The compiled specs of all runs, of any pipeline, that have not ended."""
        request = api.ListPipelineJobsRequest(parent=self.parent, page_size=100)
        with translate_errors("list the runs"):
            jobs = self._pipelines.list_pipeline_jobs(request, **CALL)
            unfinished = [job.name for job in jobs if not job.end_time]
        for name in unfinished:
            with translate_errors(f"read {name}"):
                job = self._pipelines.get_pipeline_job(name=name, **CALL)
            yield as_json(job)["pipelineSpec"]

    def cancel(self, run_id: str) -> None:
        """Requests that a run be cancelled.

        Raises:
            InputError: there is no run of that id, or it has ended.
        """
        with translate_errors(f"cancel {run_id}"):
            self._pipelines.cancel_pipeline_job(name=self._name(run_id), **CALL)

    def log(self, job: str) -> Iterator[str]:
        """The last lines that a CustomJob has logged, in order.

        Args:
            job: its resource name.
        """
        number = job.rpartition("/")[2]
        body = {
            "resourceNames": [f"projects/{self.project}"],
            "filter": f'resource.type="ml_job" AND resource.labels.job_id="{number}"',
            "orderBy": "timestamp desc",
            "pageSize": MAX_LOG_LINES,
        }
        with translate_errors("read the log"):
            credentials, _ = google.auth.default(scopes=[SCOPE])
            session: Any = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
            answer = session.post(LOGGING, json=body, timeout=60)
            if not answer.ok:
                raise exceptions.from_http_response(answer)  # type: ignore[no-untyped-call]
        for entry in reversed(answer.json().get("entries", [])):
            text = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
            yield from str(text).splitlines()

    # Schedules

    def create_schedule(self, schedule: dict[str, Any]) -> None:
        """Creates a schedule, once.

        The API takes no id for a schedule, so after a lost answer the schedules are listed before
        the request is repeated.

        Args:
            schedule: a Schedule as JSON; the label DIGEST_LABEL of its runs identifies it.
        """
        message = api.Schedule()
        json_format.ParseDict(schedule, api.Schedule.pb(message))
        digest = message.create_pipeline_job_request.pipeline_job.labels[DIGEST_LABEL]

        @RETRY
        def create() -> None:
            try:
                self._schedules.create_schedule(
                    parent=self.parent, schedule=message, retry=None, timeout=ATTEMPT_SECONDS
                )
            except LOST:
                found = self.schedules(message.display_name)
                active = [each for each in found if each["state"] == "ACTIVE"]
                if digest not in map(digest_of, active):
                    raise

        with translate_errors(f"create the schedule {message.display_name}"):
            create()

    def schedules(self, name: str | None = None) -> list[dict[str, Any]]:
        """Schedules as JSON: those of that display name, or all; the oldest first."""
        request = api.ListSchedulesRequest(parent=self.parent)
        if name is not None:
            request.filter = f'display_name="{name}"'
        with translate_errors("list the schedules"):
            found = [as_json(each) for each in self._schedules.list_schedules(request, **CALL)]
        return sorted(found, key=lambda schedule: str(schedule["createTime"]))

    def pause_schedule(self, resource: str) -> None:
        """Pauses a schedule; its runs in progress continue."""
        with translate_errors("pause the schedule"):
            self._schedules.pause_schedule(name=resource, **CALL)

    def resume_schedule(self, resource: str, catch_up: bool) -> None:
        """Resumes a schedule; with `catch_up` it also starts the runs that it missed.

        The SDK's `PipelineJobSchedule.resume` takes `catch_up` but does not send it.
        """
        with translate_errors("resume the schedule"):
            request = api.ResumeScheduleRequest(name=resource, catch_up=catch_up)
            self._schedules.resume_schedule(request, **CALL)

    def delete_schedule(self, resource: str) -> None:
        """Deletes a schedule and waits until it is gone; its runs are kept."""
        # Not found: an earlier attempt, whose answer was lost, deleted it.
        with translate_errors("delete the schedule"), contextlib.suppress(exceptions.NotFound):
            operation: Any = self._schedules.delete_schedule(name=resource, **CALL)
            operation.result(timeout=60)

    # Experiments

    def create_experiment(self, request: dict[str, Any], kms_key: str = "") -> None:
        """Creates an experiment unless one of that name exists.

        The calls are those of `aiplatform.Experiment.get_or_create`.

        Args:
            request: a CreateContextRequest as JSON.
            kms_key: encrypts the region's metadata store, if this creates the store.

        Raises:
            InputError: something else has that name.
        """
        message = api.CreateContextRequest()
        json_format.ParseDict(request, api.CreateContextRequest.pb(message))
        name = message.context_id
        with translate_errors(f"create the experiment {name}"):
            try:
                found = self._context(name)
            except exceptions.NotFound:
                self._ensure_metadata_store(message.parent, kms_key)
                try:
                    found = self._metadata.create_context(message, **CALL)
                except exceptions.AlreadyExists:
                    found = self._context(name)
        if found.schema_title != EXPERIMENT_SCHEMA:
            raise InputError(
                f"--experiment must name an experiment, got {name}, which is a "
                f"{found.schema_title} of this region; use another name"
            )

    def add_to_experiment(self, run_id: str, experiment: str) -> None:
        """Adds a run to an experiment; adding it again does nothing.

        Raises:
            TabularError: Vertex AI has created no context for the run.
        """
        with translate_errors(f"add {run_id} to the experiment {experiment}"):
            child = self._run_context(run_id)
            self._metadata.add_context_children(
                context=self._context_name(experiment), child_contexts=[child], **CALL
            )

    def _run_context(self, run_id: str) -> str:
        """The run's context, which Vertex AI creates some time after the run."""
        deadline = time.monotonic() + CONTEXT_SECONDS
        pause = 0.25
        while True:
            job = self._pipelines.get_pipeline_job(name=self._name(run_id), **CALL)
            name: str = job.job_detail.pipeline_run_context.name
            if name:
                return name
            state = self._record(job).state
            if state not in ("PENDING", "RUNNING") or time.monotonic() > deadline:
                raise TabularError(
                    f"a run must have a context to be in an experiment, got {run_id}, which is "
                    f"{state} and has none"
                )
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _context(self, name: str) -> api.Context:
        return self._metadata.get_context(name=self._context_name(name), **CALL)

    def _context_name(self, name: str) -> str:
        return f"{self.parent}/metadataStores/default/contexts/{name}"

    def _ensure_metadata_store(self, name: str, kms_key: str) -> None:
        """Creates the region's metadata store; its first pipeline or experiment finds none."""
        try:
            self._metadata.get_metadata_store(name=name, **CALL)
            return
        except exceptions.NotFound:
            pass
        store = api.MetadataStore()
        if kms_key:
            store.encryption_spec = api.EncryptionSpec(kms_key_name=kms_key)
        with contextlib.suppress(exceptions.AlreadyExists):
            parent, _, store_id = name.rpartition("/metadataStores/")
            operation: Any = self._metadata.create_metadata_store(
                parent=parent, metadata_store=store, metadata_store_id=store_id, **CALL
            )
            operation.result(timeout=60)

    # Cloud Storage

    def size(self, uri: str) -> int:
        """The size of an object, in bytes.

        Raises:
            InputError: there is no such object.
        """
        with translate_errors(f"read {uri}"):
            blob = self._storage.bucket(Uri(uri).bucket).get_blob(Uri(uri).name)
        if blob is None:
            raise InputError(f"an input must be a file, got {uri}: there is no such object")
        return int(blob.size)

    def upload_once(self, content: bytes, uri: str) -> bool:
        """Writes an object unless one of that name exists; returns whether it was written."""
        with translate_errors(f"write {uri}"):
            blob = self._blob(uri)
            if blob.exists():
                return False
            try:  # another process may write it at this moment
                blob.upload_from_string(content, if_generation_match=0)
            except exceptions.PreconditionFailed:
                return False
        return True

    def objects(self, prefix: str) -> dict[str, tuple[int, datetime.datetime]]:
        """The objects whose URIs begin with `prefix`: URI → size in bytes, time of creation."""
        where = Uri(prefix)
        root = f"{SCHEME}{where.bucket}"
        with translate_errors(f"list {prefix}"):
            blobs = self._storage.list_blobs(where.bucket, prefix=where.name)
            return {join(root, b.name): (int(b.size), b.time_created) for b in blobs}

    def download(self, uri: str, path: Path) -> None:
        """Copies an object to `path`; Google's client verifies its checksum."""
        with translate_errors(f"read {uri}"):
            self._blob(uri).download_to_filename(str(path))

    def delete_object(self, uri: str) -> None:
        """Deletes an object."""
        with translate_errors(f"delete {uri}"):
            self._blob(uri).delete()

    def _blob(self, uri: str) -> Any:
        where = Uri(uri)
        return self._storage.bucket(where.bucket).blob(where.name)

    def _name(self, run_id: str) -> str:
        return f"{self.parent}/pipelineJobs/{run_id}"

    def _record(self, job: api.PipelineJob) -> Record:
        return make_record(job, self.project, self.region)

    def _sizes(self, artifacts: dict[str, str]) -> dict[str, int]:
        """The bytes of each artifact: a file, or all files of a directory."""
        stored = {name: uri for name, uri in artifacts.items() if Uri(uri).is_cloud}
        common = os.path.commonprefix(list(stored.values()))
        if not Uri(common).name or not Uri(common).is_cloud:
            return {}
        objects = self.objects(common)
        return {
            name: sum(
                size for each, (size, _) in objects.items() if f"{each}/".startswith(f"{uri}/")
            )
            for name, uri in stored.items()
        }

    def _why_failed(self, record: Record) -> str:
        """The step that failed, the last line that it logged, and its job's error."""
        failed = next((step for step in record.steps if step.state == "FAILED"), None)
        if failed is None:
            return record.error
        reason = failed.error
        if failed.job:
            with contextlib.suppress(TabularError), translate_errors("read the job"):
                reason = self._jobs.get_custom_job(name=failed.job, **CALL).error.message or reason
            with contextlib.suppress(TabularError):  # not everyone may read the logs
                lines = [line.strip() for line in self.log(failed.job) if line.strip()]
                reason = f"{lines[-1].removeprefix('error: ')} ({reason})" if lines else reason
        return f"{failed.name} failed: {reason}"

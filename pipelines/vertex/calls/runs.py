"""Calls of Vertex AI's PipelineService and of its jobs and logs: runs as records."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from google.api_core import exceptions
from google.cloud import aiplatform_v1 as api
from google.protobuf import json_format

from pipelines.record import Record
from pipelines.vertex.calls.connection import CALL, MAX_LOG_LINES
from pipelines.vertex.calls.objects import ObjectCalls
from pipelines.vertex.errors import translate_errors
from pipelines.vertex.records import add_details, as_json, make_record
from pipelines.vertex.submission import DIGEST_LABEL
from trainer.errors import InputError, TabularError
from trainer.uri import Uri


class RunCalls(ObjectCalls):
    """Runs: submitted, listed, read, cancelled."""

    def __init__(self, project: str, region: str) -> None:
        super().__init__(project, region)
        self._pipelines: api.PipelineServiceClient = self.gapic(api.PipelineServiceClient)
        self._jobs: api.JobServiceClient = self.gapic(api.JobServiceClient)

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
        condition = f'resource.type="ml_job" AND resource.labels.job_id="{number}"'
        yield from self.log_lines(condition, MAX_LOG_LINES)

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

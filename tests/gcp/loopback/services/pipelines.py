"""PipelineService: a PipelineJob's spec runs on this machine, its states and tasks as on Vertex."""

import datetime
import json
import re
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as vertex
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2, json_format
from google.rpc import code_pb2, status_pb2

from pipelines.local.step import log_path
from pipelines.local.step_records import read_record
from pipelines.steps import in_order
from tests.gcp.loopback import checks, names
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.machines import Machines
from tests.gcp.loopback.rpc import Methods, Refused
from tests.gcp.loopback.services.jobs import JobService
from tests.gcp.loopback.services.metadata import MetadataService
from tests.gcp.loopback.storage import Mount

SERVICE = "google.cloud.aiplatform.v1.PipelineService"
State = vertex.PipelineState
TaskState = vertex.PipelineTaskDetail.State
FINAL = (
    State.PIPELINE_STATE_SUCCEEDED,
    State.PIPELINE_STATE_FAILED,
    State.PIPELINE_STATE_CANCELLED,
)
JOB_STATES = {name: f"JOB_STATE_{name}" for name in ("RUNNING", "SUCCEEDED", "FAILED")}
CONDITION = re.compile(r'(display_name|pipeline_name|schedule_name|state|labels\.[\w-]+)="([^"]*)"')


class PipelineService:
    """The PipelineJobs, and their execution.

    Attributes:
        jobs: every job by name, as GetPipelineJob returns it.
    """

    def __init__(
        self,
        clock: Clock,
        machines: Machines,
        mount: Mount,
        custom_jobs: JobService,
        metadata: MetadataService,
        executes: bool,
    ) -> None:
        self.jobs: dict[str, vertex.PipelineJob] = {}
        self._custom_jobs, self._metadata = custom_jobs, metadata
        self._clock, self._machines, self._mount = clock, machines, mount
        self._executes = executes
        self._lock = threading.Lock()

    def methods(self) -> Methods:
        return {
            "CreatePipelineJob": (vertex.CreatePipelineJobRequest, self.create),
            "GetPipelineJob": (vertex.GetPipelineJobRequest, self.get),
            "ListPipelineJobs": (vertex.ListPipelineJobsRequest, self.list),
            "CancelPipelineJob": (vertex.CancelPipelineJobRequest, self.cancel),
            "DeletePipelineJob": (vertex.DeletePipelineJobRequest, self.delete),
        }

    def create(self, request: vertex.CreatePipelineJobRequest) -> vertex.PipelineJob:
        parent = names.parent(request.parent, "aiplatform.pipelineJobs.create")
        checks.refuse(checks.pipeline_job(request.pipeline_job, request.pipeline_job_id))
        job = vertex.PipelineJob(request.pipeline_job)
        job.name = parent.child("pipelineJobs", request.pipeline_job_id)
        job.state = State.PIPELINE_STATE_PENDING
        job.create_time = self._clock.now()
        with self._lock:
            if job.name in self.jobs:
                raise Refused(
                    grpc.StatusCode.ALREADY_EXISTS,
                    f"PipelineJob with resource name {job.name} already exists.",
                )
            self.jobs[job.name] = job
        if self._executes:
            self._machines.later(lambda: self._run(job, parent.location))
        return job

    def get(self, request: vertex.GetPipelineJobRequest) -> vertex.PipelineJob:
        job = self._named(request.name)
        if self._executes:
            job.job_detail.task_details = self._tasks(job)
        before = vertex.PipelineJob(job)
        self._metadata.record(job)
        # The contexts appear some time after the job: who asks for the first time finds none.
        return job if "pipeline_run_context" in before.job_detail else before

    def list(self, request: vertex.ListPipelineJobsRequest) -> vertex.ListPipelineJobsResponse:
        parent = names.parent(request.parent, "aiplatform.pipelineJobs.list")
        conditions = _conditions(request.filter)
        here = [job for job in self.jobs.values() if parent.holds(job.name)]
        jobs = [job for job in here if _meets(job, conditions)]
        if request.order_by == "create_time desc":
            jobs.reverse()
        first = int(request.page_token or 0)
        last = first + (request.page_size or 100)
        more = str(last) if last < len(jobs) else ""
        return vertex.ListPipelineJobsResponse(pipeline_jobs=jobs[first:last], next_page_token=more)

    def cancel(self, request: vertex.CancelPipelineJobRequest) -> empty_pb2.Empty:
        job = self._named(request.name)
        if job.state in FINAL:
            raise Refused(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"The PipelineJob {request.name} is in state {job.state.name} and can not be "
                "cancelled.",
            )
        self._end(job, State.PIPELINE_STATE_CANCELLED)
        # On Vertex AI the launcher, which is told to end, asks for this by Google's REST API.
        for path in self._root(job).glob("*/*/gcp_resources"):
            (resource,) = json.loads(path.read_text())["resources"]
            name = resource["resourceUri"].partition("/v1/")[2]
            self._custom_jobs.cancel(vertex.CancelCustomJobRequest(name=name))
        self._machines.stop(_id(job))
        return empty_pb2.Empty()

    def delete(self, request: vertex.DeletePipelineJobRequest) -> operations_pb2.Operation:
        job = self._named(request.name)
        del self.jobs[job.name]
        return finished_operation(job.name)

    def _named(self, name: str) -> vertex.PipelineJob:
        job = self.jobs.get(names.canonical(name))
        if job is None:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"The PipelineJob {name} does not exist.")
        return job

    def _directory(self, job: vertex.PipelineJob) -> Path:
        return self._machines.directory / _id(job)

    def _run(self, job: vertex.PipelineJob, location: str) -> None:
        if job.state in FINAL:  # cancelled while it waited
            return
        directory = self._directory(job)
        directory.mkdir()
        config = json_format.MessageToDict(vertex.PipelineJob.RuntimeConfig.pb(job.runtime_config))
        work = {
            "spec": vertex.PipelineJob.to_dict(job)["pipeline_spec"],
            "parameters": config.get("parameterValues", {}),
            "project": names.PROJECT,
            "location": location,
            "root": str(self._root(job)),
            "cache": str(self._machines.directory / "cache"),
        }
        (directory / "job.json").write_text(json.dumps(work))
        self._mount.pull()
        job.start_time = self._clock.now()
        job.state = State.PIPELINE_STATE_RUNNING
        status = self._machines.run("tests.gcp.loopback.run_pipeline", directory)
        self._mount.push()
        if status:
            failed = [task.task_name for task in self._tasks(job) if task.state == TaskState.FAILED]
            job.error = status_pb2.Status(
                code=code_pb2.FAILED_PRECONDITION,
                message="The DAG failed because some tasks failed. The failed tasks are: "
                f"[{', '.join(failed)}].; Job (project_id = {names.PROJECT}, job_id = {_id(job)}) "
                "is failed due to the above error.",
            )
        self._end(job, State.PIPELINE_STATE_FAILED if status else State.PIPELINE_STATE_SUCCEEDED)

    def _end(self, job: vertex.PipelineJob, state: Any) -> None:
        """A job that has ended stays as it is."""
        with self._lock:
            if job.state not in FINAL:
                job.end_time = self._clock.now()
                job.state = state

    def _tasks(self, job: vertex.PipelineJob) -> Sequence[vertex.PipelineTaskDetail]:
        """One entry for each task that has begun or was skipped, from the records of its steps."""
        directory = self._root(job)
        dag = vertex.PipelineJob.to_dict(job)["pipeline_spec"]["root"]["dag"]
        # The pipeline as a whole is a task as well.
        details = [vertex.PipelineTaskDetail(task_id=0, task_name=_id(job))]
        for number, name in enumerate(in_order(dag["tasks"]), start=1):
            record = read_record(directory, name)
            detail = vertex.PipelineTaskDetail(
                task_id=number, task_name=name, create_time=job.create_time
            )
            if record:
                detail.start_time = _time(record["started"])
                detail.state = TaskState.RUNNING
                if "seconds" in record:
                    detail.end_time = _time(record["started"] + record["seconds"])
                    detail.state = TaskState.FAILED if record["status"] else TaskState.SUCCEEDED
                if record.get("status"):
                    detail.error = status_pb2.Status(
                        code=code_pb2.INVALID_ARGUMENT,
                        message="The replica workerpool0-0 exited with a non-zero status of "
                        f"{record['status']}.",
                    )
                self._name_jobs(detail, job, log_path(directory, name))
            elif job.state == State.PIPELINE_STATE_SUCCEEDED:
                detail.state = TaskState.SKIPPED  # taken from the cache
            else:
                continue
            details.append(detail)
        for name, output in self._outputs(self._directory(job)).items():
            (selector,) = dag["outputs"]["artifacts"][name]["artifactSelectors"]
            artifact = vertex.Artifact(
                uri=output["uri"].replace(f"{self._mount.directory}/", "gs://"),
                metadata=output["metadata"],
                schema_title=output["type"],
            )
            for detail in details:
                if detail.task_name == selector["producerSubtask"]:
                    listed = vertex.PipelineTaskDetail.ArtifactList(artifacts=[artifact])
                    detail.outputs[selector["outputArtifactKey"]] = listed
        return details

    def _name_jobs(
        self, detail: vertex.PipelineTaskDetail, job: vertex.PipelineJob, log: Path
    ) -> None:
        """The CustomJob in which a step's container runs, and the one that it starts itself."""
        number = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.name}/{detail.task_name}").int)[:19]
        name = f"{job.name.partition('/pipelineJobs/')[0]}/customJobs/{number}"
        self._custom_jobs.jobs[name] = vertex.CustomJob(
            name=name, error=detail.error, state=JOB_STATES[detail.state.name]
        )
        self._machines.logs[number] = log
        detail.executor_detail.container_detail.main_job = name
        root = self._root(job)
        for path in root.glob(f"*/{detail.task_name}/gcp_resources"):
            detail.execution.metadata = {"output:gcp_resources": path.read_text()}

    def _root(self, job: vertex.PipelineJob) -> Path:
        """Where the job's artifacts are, below the mount."""
        root = job.runtime_config.gcs_output_directory.removeprefix("gs://").rstrip("/")
        return self._mount.directory / root / names.PROJECT_NUMBER / _id(job)

    def _outputs(self, directory: Path) -> dict[str, Any]:
        try:
            outputs: dict[str, Any] = json.loads((directory / "outputs.json").read_text())
        except (FileNotFoundError, ValueError):  # not there yet, or not whole yet
            return {}
        return outputs


def finished_operation(name: str) -> operations_pb2.Operation:
    """The long-running operation of a deletion, over already."""
    done = any_pb2.Any()
    done.Pack(empty_pb2.Empty())
    return operations_pb2.Operation(name=f"{name}/operations/1", done=True, response=done)


def _conditions(text: str) -> dict[str, str]:
    """
    Raises:
        Refused: a filter that this service does not know, as the real one refuses what it does not.
    """
    conditions = {}
    for part in re.split(r"\s+AND\s+", text) if text else []:
        match = CONDITION.fullmatch(part)
        if not match:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {part}")
        conditions[match[1]] = match[2]
    return conditions


def _meets(job: vertex.PipelineJob, conditions: dict[str, str]) -> bool:
    """Whether a job has each of the filter's values."""
    for field, value in conditions.items():
        if field == "pipeline_name":
            spec = vertex.PipelineJob.to_dict(job)["pipeline_spec"]
            actual = spec["pipelineInfo"]["name"]
        elif field == "state":
            actual = job.state.name
        elif field.startswith("labels."):
            actual = job.labels.get(field.removeprefix("labels."), "")
        else:
            actual = getattr(job, field)
        if actual != value:
            return False
    return True


def _id(job: vertex.PipelineJob) -> str:
    name: str = job.name.rpartition("/")[2]
    return name


def _time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)

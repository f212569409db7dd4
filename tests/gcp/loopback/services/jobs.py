"""JobService: a CustomJob's worker pools run as processes on this machine."""

import json
import threading
import uuid
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as vertex
from google.protobuf import empty_pb2
from google.rpc import code_pb2, status_pb2

from tests.gcp.loopback import checks, names
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.machines import Machines
from tests.gcp.loopback.rpc import Methods, Refused
from tests.gcp.loopback.storage import Mount

SERVICE = "google.cloud.aiplatform.v1.JobService"
State = vertex.JobState
FINAL = (State.JOB_STATE_SUCCEEDED, State.JOB_STATE_FAILED, State.JOB_STATE_CANCELLED)
# GCPC's launcher asks every 20 seconds. An answer that waits for the job to end, which the
# service is free to give, spares the tests that time.
ANSWER_WITHIN_SECONDS = 15
MAX_RESTARTS = 6  # of a Spot job


class JobService:
    """The CustomJobs, and the machines they run on.

    Attributes:
        jobs: every job by name, as GetCustomJob returns it.
        restarts: how often each job's machines were taken away.
    """

    def __init__(self, clock: Clock, machines: Machines, mount: Mount) -> None:
        self.jobs: dict[str, vertex.CustomJob] = {}
        self.restarts: dict[str, int] = {}
        self._clock, self._machines, self._mount = clock, machines, mount
        self._changed = threading.Condition()
        self._taking_away = threading.Lock()

    def methods(self) -> Methods:
        return {
            "CreateCustomJob": (vertex.CreateCustomJobRequest, self.create),
            "GetCustomJob": (vertex.GetCustomJobRequest, self.get),
            "CancelCustomJob": (vertex.CancelCustomJobRequest, self.cancel),
        }

    def create(self, request: vertex.CreateCustomJobRequest) -> vertex.CustomJob:
        parent = names.parent(request.parent, "aiplatform.customJobs.create")
        checks.refuse(checks.custom_job(request.custom_job))
        job = vertex.CustomJob(request.custom_job)
        job.name = parent.child("customJobs", str(uuid.uuid4().int)[:19])
        job.state = State.JOB_STATE_PENDING
        job.create_time = self._clock.now()
        self.jobs[job.name] = job
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def get(self, request: vertex.GetCustomJobRequest) -> vertex.CustomJob:
        job = self._named(request.name)
        with self._changed:
            self._changed.wait_for(lambda: job.state in FINAL, ANSWER_WITHIN_SECONDS)
            return job

    def cancel(self, request: vertex.CancelCustomJobRequest) -> empty_pb2.Empty:
        job = self._named(request.name)
        self._move(job, State.JOB_STATE_CANCELLED)
        self._machines.stop(_id(job))
        return empty_pb2.Empty()

    def preempt(self, name: str) -> None:
        """Takes a job's machines away; it starts from its beginning on others."""
        with self._taking_away:
            self.restarts[name] = self.restarts.get(name, 0) + 1
            self._machines.stop(_id(self.jobs[name]))

    def log(self, name: str) -> str:
        """What a job's processes have written."""
        return self._machines.logs[name.rpartition("/")[2]].read_text()

    def _named(self, name: str) -> vertex.CustomJob:
        job = self.jobs.get(names.canonical(name))
        if job is None:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"The CustomJob {name} does not exist.")
        return job

    def _run(self, job: vertex.CustomJob) -> None:
        directory = self._machines.directory / _id(job)
        directory.mkdir()
        self._machines.logs[_id(job)] = directory / "log.txt"
        (directory / "job.json").write_text(json.dumps(vertex.CustomJob.to_dict(job)))
        self._mount.pull()
        job.start_time = self._clock.now()
        self._move(job, State.JOB_STATE_RUNNING)
        starts, status = 0, 1
        while status and starts <= min(self.restarts.get(job.name, 0), MAX_RESTARTS):
            starts += 1
            with self._taking_away:  # the old machine is gone before there is another
                pass
            status = self._machines.run("tests.gcp.loopback.run_job", directory)
        self._mount.push()
        job.end_time = self._clock.now()
        if status:
            job.error = status_pb2.Status(
                code=code_pb2.INVALID_ARGUMENT,
                message="The replica workerpool0-0 exited with a non-zero status of "
                f"{status}. To find out more about why your job exited please check the logs.",
            )
        self._move(job, State.JOB_STATE_FAILED if status else State.JOB_STATE_SUCCEEDED)

    def _move(self, job: vertex.CustomJob, state: Any) -> None:
        """A job that has ended stays as it is."""
        with self._changed:
            if job.state not in FINAL:
                job.state = state
                self._changed.notify_all()


def _id(job: vertex.CustomJob) -> str:
    name: str = job.name.rpartition("/")[2]
    return name

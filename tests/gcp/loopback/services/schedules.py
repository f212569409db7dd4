"""ScheduleService: schedules fire when the cloud's clock is set past their next time."""

import datetime
import uuid
from zoneinfo import ZoneInfo

import grpc
from cronsim import CronSim
from google.cloud import aiplatform_v1 as vertex
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.gcp.loopback import checks, names
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.rpc import Methods, Refused
from tests.gcp.loopback.services.pipelines import (
    CONDITION,
    FINAL,
    PipelineService,
    finished_operation,
)

SERVICE = "google.cloud.aiplatform.v1.ScheduleService"
State = vertex.Schedule.State
OUTPUT_ONLY = ("name", "state", "create_time", "update_time", "next_run_time", "catch_up")


class ScheduleService:
    """The schedules, and their firings.

    Attributes:
        schedules: every schedule by name, as GetSchedule returns it.
    """

    def __init__(self, clock: Clock, pipelines: PipelineService) -> None:
        self.schedules: dict[str, vertex.Schedule] = {}
        self._clock, self._pipelines = clock, pipelines

    def methods(self) -> Methods:
        return {
            "CreateSchedule": (vertex.CreateScheduleRequest, self.create),
            "GetSchedule": (vertex.GetScheduleRequest, self.get),
            "ListSchedules": (vertex.ListSchedulesRequest, self.list),
            "UpdateSchedule": (vertex.UpdateScheduleRequest, self.update),
            "PauseSchedule": (vertex.PauseScheduleRequest, self.pause),
            "ResumeSchedule": (vertex.ResumeScheduleRequest, self.resume),
            "DeleteSchedule": (vertex.DeleteScheduleRequest, self.delete),
        }

    def create(self, request: vertex.CreateScheduleRequest) -> vertex.Schedule:
        parent = names.parent(request.parent, "aiplatform.schedules.create")
        checks.refuse(checks.schedule(request.schedule, self._clock))
        schedule = vertex.Schedule(request.schedule)
        schedule.name = parent.child("schedules", str(uuid.uuid4().int)[:19])
        schedule.state = State.ACTIVE
        schedule.create_time = self._clock.now()
        schedule.next_run_time = self._next(schedule, self._clock.now())
        self.schedules[schedule.name] = schedule
        return schedule

    def get(self, request: vertex.GetScheduleRequest) -> vertex.Schedule:
        return self._named(request.name)

    def list(self, request: vertex.ListSchedulesRequest) -> vertex.ListSchedulesResponse:
        parent = names.parent(request.parent, "aiplatform.schedules.list")
        match = CONDITION.fullmatch(request.filter) if request.filter else None
        if request.filter and (not match or match[1] != "display_name"):
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {request.filter}")
        found = [
            schedule
            for name, schedule in self.schedules.items()
            if parent.holds(name) and (not match or schedule.display_name == match[2])
        ]
        return vertex.ListSchedulesResponse(schedules=found)

    def update(self, request: vertex.UpdateScheduleRequest) -> vertex.Schedule:
        """The request itself may change, but no field that is set may be unset, and what was paused
        stays so (google/cloud/aiplatform/v1/schedule_service.proto)."""
        present = self._not_completed(request.schedule.name)
        given = vertex.Schedule.pb(request.schedule)
        changed = vertex.Schedule(present)
        if not request.update_mask.paths:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "update_mask must not be empty.")
        for path in request.update_mask.paths:
            if path in OUTPUT_ONLY:
                continue
            if path not in given.DESCRIPTOR.fields_by_name:
                raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Unknown path {path}.")
            if not getattr(request.schedule, path):
                if getattr(present, path):
                    text = f"The non-empty field {path} cannot be unset."
                    raise Refused(grpc.StatusCode.INVALID_ARGUMENT, text)
                continue
            setattr(changed, path, getattr(request.schedule, path))
        checks.refuse(checks.schedule(changed, self._clock))
        changed.next_run_time = self._next(changed, self._clock.now())
        self.schedules[changed.name] = changed
        return changed

    def pause(self, request: vertex.PauseScheduleRequest) -> empty_pb2.Empty:
        self._not_completed(request.name).state = State.PAUSED
        return empty_pb2.Empty()

    def resume(self, request: vertex.ResumeScheduleRequest) -> empty_pb2.Empty:
        schedule = self._not_completed(request.name)
        schedule.state = State.ACTIVE
        schedule.catch_up = request.catch_up
        if not request.catch_up:
            schedule.next_run_time = self._next(schedule, self._clock.now())
        return empty_pb2.Empty()

    def delete(self, request: vertex.DeleteScheduleRequest) -> operations_pb2.Operation:
        schedule = self._named(request.name)
        del self.schedules[schedule.name]
        return finished_operation(schedule.name)

    def fire_until(self, now: datetime.datetime) -> None:
        """Moves the clock from firing to firing, in order, until `now`."""
        while due := [
            schedule
            for schedule in self.schedules.values()
            if schedule.state == State.ACTIVE and schedule.next_run_time <= now
        ]:
            schedule = min(due, key=lambda schedule: schedule.next_run_time)
            self._clock.set(schedule.next_run_time)
            self._fire(schedule)
        self._clock.set(now)

    def _fire(self, schedule: vertex.Schedule) -> None:
        at = schedule.next_run_time
        running = [
            job
            for job in self._pipelines.jobs.values()
            if job.schedule_name == schedule.name and job.state not in FINAL
        ]
        most = schedule.max_concurrent_active_run_count
        if not most or len(running) < most:
            request = vertex.CreatePipelineJobRequest(schedule.create_pipeline_job_request)
            spec = vertex.PipelineJob.to_dict(request.pipeline_job)["pipeline_spec"]
            number = schedule.name.rpartition("/")[2]
            name = spec["pipelineInfo"]["name"]
            request.pipeline_job_id = f"{name}-{number}-{at:%Y%m%d%H%M%S}"
            request.pipeline_job.schedule_name = schedule.name
            self._pipelines.create(request)
            schedule.started_run_count += 1
        schedule.next_run_time = self._next(schedule, at)
        ended = schedule.end_time and schedule.next_run_time > schedule.end_time
        if ended or schedule.started_run_count == schedule.max_run_count:
            schedule.state = State.COMPLETED

    def _next(self, schedule: vertex.Schedule, after: datetime.datetime) -> datetime.datetime:
        zone, _, fields = schedule.cron.rpartition("TZ=")[2].partition(" ")
        if "TZ=" not in schedule.cron:
            zone, fields = "UTC", schedule.cron
        if schedule.start_time:
            after = max(after, schedule.start_time)
        following: datetime.datetime = next(CronSim(fields, after.astimezone(ZoneInfo(zone))))
        return following.astimezone(datetime.timezone.utc)

    def _not_completed(self, name: str) -> vertex.Schedule:
        schedule = self._named(name)
        if schedule.state == State.COMPLETED:
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, f"The Schedule {name} is completed.")
        return schedule

    def _named(self, name: str) -> vertex.Schedule:
        schedule = self.schedules.get(names.canonical(name))
        if schedule is None:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"The Schedule {name} does not exist.")
        return schedule

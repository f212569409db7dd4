"""Calls of Vertex AI's ScheduleService, on plain data."""

import contextlib
from collections.abc import Sequence
from typing import Any

from google.api_core import exceptions
from google.cloud import aiplatform_v1 as api
from google.protobuf import field_mask_pb2, json_format

from pipelines.vertex.calls.connection import CALL, Connection
from pipelines.vertex.errors import ATTEMPT_SECONDS, RETRY, translate_errors
from pipelines.vertex.records import as_json
from pipelines.vertex.submission import digest_of

COMPLETED = "COMPLETED"  # the state of a schedule that has ended, and cannot be changed


class ScheduleCalls(Connection):
    """Schedules: created, listed, changed, deleted."""

    def __init__(self, project: str, region: str) -> None:
        super().__init__(project, region)
        self._schedules: api.ScheduleServiceClient = self.gapic(api.ScheduleServiceClient)

    def create_schedule(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """Creates a schedule, once; the API takes no id for it.

        An answer may be lost, or say that what was done has failed, so after every error the
        schedules are listed: one with the label DIGEST_LABEL of this one is this one.

        Args:
            schedule: a Schedule as JSON.

        Returns:
            The schedule as the API gives it.
        """
        message = api.Schedule()
        json_format.ParseDict(schedule, api.Schedule.pb(message))

        @RETRY
        def create() -> dict[str, Any]:
            try:
                created = self._schedules.create_schedule(
                    parent=self.parent, schedule=message, retry=None, timeout=ATTEMPT_SECONDS
                )
            except exceptions.GoogleAPICallError:
                for found in self.schedules(message.display_name):
                    if digest_of(found) == digest_of(schedule) and found["state"] != COMPLETED:
                        return found
                raise
            return as_json(created)

        with translate_errors(f"create the schedule {message.display_name}"):
            return create()

    def update_schedule(self, schedule: dict[str, Any], paths: Sequence[str]) -> None:
        """Changes a schedule in one step: before it all is as it was, after it all is new. A paused
        one stays paused.

        Args:
            schedule: a Schedule as JSON, with its resource name.
            paths: the fields to be changed.

        Raises:
            TabularError: it is not changed.
        """
        message = api.Schedule()
        json_format.ParseDict(schedule, api.Schedule.pb(message))
        mask = field_mask_pb2.FieldMask(paths=paths)
        with translate_errors(f"change the schedule {message.display_name}"):
            try:
                self._schedules.update_schedule(schedule=message, update_mask=mask, **CALL)
            except (exceptions.GoogleAPICallError, exceptions.RetryError):
                found = self._schedules.get_schedule(name=message.name, **CALL)
                if digest_of(as_json(found)) != digest_of(schedule):
                    raise

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
        with translate_errors("delete the schedule"), contextlib.suppress(exceptions.NotFound):
            try:
                operation: Any = self._schedules.delete_schedule(name=resource, **CALL)
                operation.result(timeout=60)
            except (exceptions.GoogleAPICallError, exceptions.RetryError):
                self._schedules.get_schedule(name=resource, **CALL)  # not found: it is gone
                raise

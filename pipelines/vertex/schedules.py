"""Recurring runs: `apply` creates or updates the schedule of a name; never do two of them fire.

A schedule cannot be changed, since it keeps a copy of the spec and the parameters. So a changed
one has a successor: the old one is paused, the new one created, then the old one deleted. Whatever
interrupts this, there is a schedule of that name, and at most one that fires; applying it again
finishes the work.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from pipelines.vertex.client import Vertex
from pipelines.vertex.cron import Cron, parse_time
from pipelines.vertex.submission import DIGEST_LABEL, digest
from trainer.errors import InputError, TabularError

MONTH = datetime.timedelta(days=30)
MIN = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
ACTIVE, PAUSED, COMPLETED = "ACTIVE", "PAUSED", "COMPLETED"


@dataclass(frozen=True)
class Timing:
    """When a schedule fires.

    Attributes:
        cron: the expression, its time zone in front.
        start: no run before; from now on if None.
        end: no run after; for ever if None.
        max_runs: how many runs in all; 0 for no limit.
        overlap: how many of its runs may be going on at a time.
    """

    cron: str
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    max_runs: int = 0
    overlap: int = 1


def build_schedule(
    name: str, timing: Timing, parent: str, pipeline_job: Mapping[str, Any]
) -> dict[str, Any]:
    """A Schedule as JSON; the digest of all of it is a label of its runs.

    Raises:
        InputError: the timing makes no sense.
    """
    Cron.parse(timing.cron)
    if timing.overlap < 1:
        raise InputError(f"--overlap must be at least 1, got {timing.overlap}")
    if timing.max_runs < 0:
        raise InputError(f"--max-runs must be 0 or more, got {timing.max_runs}")
    if timing.start and timing.end and timing.end <= timing.start:
        raise InputError(f"--end must be after --start, got {timing.end.isoformat()}")
    schedule: dict[str, Any] = {
        "displayName": name,
        "cron": timing.cron,
        # The first, which the API requires, limits how many are being started; the second, how
        # many are going on.
        "maxConcurrentRunCount": str(timing.overlap),
        "maxConcurrentActiveRunCount": str(timing.overlap),
        "createPipelineJobRequest": {"parent": parent, "pipelineJob": dict(pipeline_job)},
    }
    if timing.start:
        schedule["startTime"] = timing.start.isoformat()
    if timing.end:
        schedule["endTime"] = timing.end.isoformat()
    if timing.max_runs:
        schedule["maxRunCount"] = str(timing.max_runs)
    labels = {**pipeline_job["labels"], DIGEST_LABEL: digest(schedule)}
    schedule["createPipelineJobRequest"]["pipelineJob"]["labels"] = labels
    return schedule


def firings(timing: Timing) -> Iterator[datetime.datetime]:
    """The times at which it starts a run, from now on, in its own time zone."""
    now = datetime.datetime.now(datetime.timezone.utc)
    after = max(now, timing.start) if timing.start else now
    every = Cron.parse(timing.cron).firings(after)
    within = takewhile(lambda time: timing.end is None or time <= timing.end, every)
    return islice(within, timing.max_runs or None)


def runs_per_month(timing: Timing) -> float:
    """How many runs it starts in its first month."""
    first = max(timing.start or MIN, datetime.datetime.now(datetime.timezone.utc))
    return float(sum(1 for _ in takewhile(lambda time: time <= first + MONTH, firings(timing))))


def timing_of(schedule: Mapping[str, Any], start: datetime.datetime | None = None) -> Timing:
    """The timing of a schedule as the API gives it; `start` takes the place of its own."""
    own = parse_time("--start", schedule["startTime"]) if schedule.get("startTime") else None
    end = parse_time("--end", schedule["endTime"]) if schedule.get("endTime") else None
    return Timing(schedule["cron"], start or own, end)


def apply(vertex: Vertex, schedule: dict[str, Any]) -> str:
    """Creates or replaces the schedule of that name; "created", "unchanged" or "replaced".

    Raises:
        TabularError: it could not be created; the old one fires as before.
    """
    existing = vertex.schedules(schedule["displayName"])
    equal = [each for each in existing if digest_of(each) == digest_of(schedule)]
    keep = next((each for each in equal if each["state"] == ACTIVE), equal[0] if equal else None)
    others = [each for each in existing if each is not keep]
    if keep is None:
        paused = [each for each in others if each["state"] == ACTIVE]
        for each in paused:
            vertex.pause_schedule(each["name"])
        try:
            vertex.create_schedule(schedule)
        except TabularError:
            for each in paused[-1:]:  # as it was, and one only
                vertex.resume_schedule(each["name"], catch_up=False)
            raise
    for each in others:
        vertex.delete_schedule(each["name"])
    if keep is None:
        return "replaced" if others else "created"
    return "unchanged" if keep["state"] == ACTIVE else f"unchanged, {keep['state'].lower()}"


def get_schedule(vertex: Vertex, name: str) -> dict[str, Any]:
    """The schedule of that name: the one that fires, else the newest.

    Raises:
        InputError: there is none.
    """
    found = get_schedules(vertex, name)
    return next((each for each in found if each["state"] == ACTIVE), found[-1])


def get_schedules(vertex: Vertex, name: str) -> list[dict[str, Any]]:
    """All schedules of that name.

    Raises:
        InputError: there is none.
    """
    found = vertex.schedules(name)
    if not found:
        names = ", ".join(sorted({each["displayName"] for each in vertex.schedules()})) or "none"
        raise InputError(f"there is no schedule {name}; there are {names}")
    return found


def digest_of(schedule: Mapping[str, Any]) -> str:
    """What tells this schedule from others of its name."""
    labels = schedule["createPipelineJobRequest"]["pipelineJob"].get("labels", {})
    found: str = labels.get(DIGEST_LABEL, "")
    return found

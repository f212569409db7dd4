"""Recurring runs: `apply` creates or updates a schedule; two of one name are never both active.

A schedule cannot be changed, because it holds a copy of the spec and the parameters. To update one,
the old schedule is paused, a new one created, and the old one deleted. If this is interrupted,
there is still a schedule of that name, and at most one that is active; applying again completes it.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from pipelines.vertex.client import Vertex
from pipelines.vertex.cron import Cron, parse_time
from pipelines.vertex.submission import DIGEST_LABEL, digest, digest_of
from trainer.errors import InputError, TabularError

MONTH = datetime.timedelta(days=30)
ACTIVE = "ACTIVE"
MAX_NAME_CHARACTERS = 128


@dataclass(frozen=True)
class Timing:
    """When a schedule starts its runs.

    Attributes:
        cron: the expression, with its time zone in front.
        start: no run before; None for now.
        end: no run after; None for no end.
        max_runs: maximum number of runs in all; 0 for no limit.
        overlap: maximum number of runs at a time.
    """

    cron: str
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    max_runs: int = 0
    overlap: int = 1


def check_name(name: str) -> None:
    """Raises InputError if Vertex AI cannot hold `name`, or it would end the quoted text of the
    filter that looks for it
    (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules)."""
    plain = name.isprintable() and name.strip() and not set(name) & set("\"'\\")
    if not plain or len(name) > MAX_NAME_CHARACTERS:
        raise InputError(
            f"NAME must be at most {MAX_NAME_CHARACTERS} printable characters without quotes and "
            f"\\, got {name!r}"
        )


def build_schedule(
    name: str, timing: Timing, parent: str, pipeline_job: Mapping[str, Any]
) -> dict[str, Any]:
    """A Schedule as JSON; its digest is a label of its runs.

    Raises:
        InputError: the name, or a value of the timing, is malformed or out of range.
    """
    check_name(name)
    Cron.parse(timing.cron)
    if timing.overlap < 1:
        raise InputError(f"--overlap must be at least 1, got {timing.overlap}")
    if timing.max_runs < 0:
        raise InputError(f"--max-runs must be at least 0, got {timing.max_runs}")
    if timing.start and timing.end and timing.end <= timing.start:
        raise InputError(
            f"--end must be after --start, got {timing.end.isoformat()} and "
            f"{timing.start.isoformat()}"
        )
    schedule: dict[str, Any] = {
        "displayName": name,
        "cron": timing.cron,
        # The first, which the API requires, limits how many runs are being started; the second,
        # how many are in progress.
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
    """How many runs it starts in its first month; 1 where the first comes later, so that a budget
    covers it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    first = max(now, timing.start or now)
    runs = sum(1 for _ in takewhile(lambda time: time <= first + MONTH, firings(timing)))
    return float(max(1, runs))


def timing_of(schedule: Mapping[str, Any], start: datetime.datetime | None = None) -> Timing:
    """The timing of a schedule as the API gives it; `start` takes the place of its own."""
    own = parse_time("--start", schedule["startTime"]) if schedule.get("startTime") else None
    end = parse_time("--end", schedule["endTime"]) if schedule.get("endTime") else None
    return Timing(schedule["cron"], start or own, end)


def apply(vertex: Vertex, schedule: dict[str, Any]) -> str:
    """Creates or updates a schedule.

    Returns:
        What was done: "created", "replaced", or "unchanged", with the state unless it is active.

    Raises:
        TabularError: it could not be created; the old one is active as before.
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
            for each in paused[-1:]:  # as before, but only one
                vertex.resume_schedule(each["name"], catch_up=False)
            raise
    for each in others:
        vertex.delete_schedule(each["name"])
    if keep is None:
        return "replaced" if others else "created"
    return "unchanged" if keep["state"] == ACTIVE else f"unchanged, {keep['state'].lower()}"


def get_schedule(vertex: Vertex, name: str) -> dict[str, Any]:
    """The schedule of that name: the active one, else the newest.

    Raises:
        InputError: there is none.
    """
    found = get_schedules(vertex, name)
    return next((each for each in found if each["state"] == ACTIVE), found[-1])


def get_schedules(vertex: Vertex, name: str) -> list[dict[str, Any]]:
    """All schedules of that name, the oldest first.

    Raises:
        InputError: there is none, or it can be no schedule's name.
    """
    check_name(name)
    found = vertex.schedules(name)
    if not found:
        names = ", ".join(sorted({each["displayName"] for each in vertex.schedules()})) or "none"
        raise InputError(f"a schedule must exist, got {name}; the schedules are: {names}")
    return found

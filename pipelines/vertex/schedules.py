"""Recurring runs: `apply` creates a schedule or changes it, so that one of its name fires.

A schedule holds a copy of the compiled pipeline and the parameters. UpdateSchedule replaces both,
and the timing, in one step, so nothing that happens on the way leaves none or two that fire. Where
two people have created one name at the same moment, both keep the older one and delete the other.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from pipelines.vertex.calls.schedules import COMPLETED
from pipelines.vertex.client import Vertex
from pipelines.vertex.cron import Cron, parse_time
from pipelines.vertex.submission import DIGEST_LABEL, digest, digest_of
from trainer.errors import InputError

MONTH = datetime.timedelta(days=30)
ACTIVE, PAUSED = "ACTIVE", "PAUSED"
NEVER, UNLIMITED = "9999-12-31T00:00:00Z", str(2**63 - 1)  # the API's largest values
MAX_NAME_CHARACTERS = 128
# The fields of a schedule that an update changes, as JSON and as a field mask name them.
PATHS = {
    "cron": "cron",
    "startTime": "start_time",
    "endTime": "end_time",
    "maxRunCount": "max_run_count",
    "maxConcurrentRunCount": "max_concurrent_run_count",
    "maxConcurrentActiveRunCount": "max_concurrent_active_run_count",
    "createPipelineJobRequest": "create_pipeline_job_request",
}


@dataclass(frozen=True)
class Timing:
    """When a schedule starts its runs.

    Attributes:
        cron: the expression, with its time zone in front.
        start: no run before; None for now.
        end: no run after; None for no end.
        max_runs: maximum number of runs in all; 0 for no limit.
        overlap: maximum number of runs at a time.

    Raises:
        InputError: a value is malformed or out of range.
    """

    cron: str
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    max_runs: int = 0
    overlap: int = 1

    def __post_init__(self) -> None:
        Cron.parse(self.cron)
        if self.overlap < 1:
            raise InputError(f"--overlap must be at least 1, got {self.overlap}")
        if self.max_runs < 0:
            raise InputError(f"--max-runs must be at least 0, got {self.max_runs}")
        if self.start and self.end and self.end <= self.start:
            raise InputError(
                f"--end must be after --start, got {self.end.isoformat()} and "
                f"{self.start.isoformat()}"
            )


def build_schedule(
    name: str,
    timing: Timing,
    parent: str,
    pipeline_job: Mapping[str, Any],
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """A Schedule as JSON; its digest is a label of its runs.

    Args:
        name: of the schedule, by which `apply` finds it.
        timing: when it starts its runs.
        parent: project and region of its runs.
        pipeline_job: each run, as JSON.
        content: the same without its owner, so that a schedule is equal whoever applies it.

    Raises:
        InputError: the name is one that the API does not take, or no run would ever start.
    """
    check_name(name)
    if next(firings(timing), None) is None:
        raise InputError(f"--end must leave time for a run, got {timing.end}; give a later one")
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
    identity = digest({**schedule, "createPipelineJobRequest": {"pipelineJob": dict(content)}})
    labels = {**pipeline_job["labels"], DIGEST_LABEL: identity}
    schedule["createPipelineJobRequest"]["pipelineJob"]["labels"] = labels
    return schedule


def check_name(name: str) -> None:
    """Raises InputError if Vertex AI cannot hold `name`, or it would end the quoted text of the
    filter that looks for it
    (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules)."""
    plain = name.isprintable() and name.strip() and not set(name) & set("\"'\\")
    if not plain or len(name) > MAX_NAME_CHARACTERS:
        raise InputError(
            f"a schedule's name must have 1 to {MAX_NAME_CHARACTERS} printable characters other "
            f"than quotes and \\, got {name!r}"
        )


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
    """Makes one schedule of that name be as described. One that its user has paused stays paused.

    Returns:
        What was done: "created", "updated" or "unchanged", with the state unless it is active.

    Raises:
        TabularError: Google refused, or did not answer; the schedule is as before or as described,
            and to apply it again completes what is left.
    """
    name, wanted = schedule["displayName"], digest_of(schedule)
    found = vertex.schedules(name)
    done = "unchanged"
    if not _candidates(found, wanted):
        created = vertex.create_schedule(schedule)
        done = "created"
        found = vertex.schedules(name)  # another person may have created one at this moment
        if created["name"] not in [each["name"] for each in found]:
            found.append(created)
    keep = _candidates(found, wanted)[0]
    if digest_of(keep) != wanted:
        vertex.update_schedule(*_update(schedule, keep))
        done = "updated"
    for each in found:
        if each is not keep:
            vertex.delete_schedule(each["name"])
    return done if keep["state"] == ACTIVE else f"{done}, {keep['state'].lower()}"


def _candidates(found: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Those that can be made as described, the one to keep first: of several, and for everyone who
    looks, the oldest that is active. One that has ended cannot be changed."""
    usable = [each for each in found if each["state"] != COMPLETED or digest_of(each) == wanted]
    order = (ACTIVE, PAUSED, COMPLETED)
    return sorted(usable, key=lambda s: (order.index(s["state"]), s["createTime"], s["name"]))


def _update(
    schedule: Mapping[str, Any], present: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The schedule to send in place of the present one, and the fields that change.

    "The non-empty fields cannot be unset", says UpdateScheduleRequest, so an end or a number of
    runs that is no longer asked for becomes one that is never reached.
    """
    changed = {**schedule, "name": present["name"]}
    if "endTime" in present:
        changed.setdefault("endTime", NEVER)
    if "maxRunCount" in present:
        changed.setdefault("maxRunCount", UNLIMITED)
    now = datetime.datetime.now(datetime.timezone.utc)
    if "startTime" in present and parse_time("--start", present["startTime"]) > now:
        changed.setdefault("startTime", now.isoformat())
    return changed, [path for name, path in PATHS.items() if name in changed]


def pause(vertex: Vertex, name: str) -> None:
    """Pauses every schedule of that name.

    Raises:
        InputError: there is none.
    """
    found = get_schedules(vertex, name)
    for each in [each for each in found if each["state"] == ACTIVE] or found[-1:]:
        vertex.pause_schedule(each["name"])


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

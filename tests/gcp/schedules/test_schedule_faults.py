"""`schedule apply`, disturbed at each of its calls: afterwards one schedule fires, or none if its
user has paused it, and to apply again puts things right."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import pytest
from google.cloud import aiplatform_v1 as vertex

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.gcp.loopback.rpc import Fault
from tests.shell import TIMEOUT_SECONDS, Shell

pytestmark = pytest.mark.slow

Code = grpc.StatusCode
State: Any = vertex.Schedule.State
CODES = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.PERMISSION_DENIED, None]
WAYS = [(code, executed) for code in CODES for executed in (False, True)]
DRY_RUN = ["schedule", "apply", "nightly", CSV, "--image", "us-docker.pkg.dev/p/r/i:1"]
DRY_RUN += ["--cron", "0 3 * * *", "--dry-run"]
APPLY = """
import json, sys
from pipelines.vertex import schedules
from pipelines.vertex.client import Vertex
from trainer.errors import TabularError

vertex = Vertex(sys.argv[1], sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    try:
        print(schedules.apply(vertex, json.loads(line)), flush=True)
    except TabularError as error:
        print(f"error: {error}", flush=True)
"""


class Applier:
    """A process that applies schedules."""

    def __init__(self, cloud: Cloud) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", APPLY, PROJECT, REGION],
            env=cloud.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"

    def __call__(self, schedule: dict[str, Any]) -> str:
        """What was done, or the error; empty if the process was ended."""
        assert self.process.stdin and self.process.stdout
        print(json.dumps(schedule), file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate(timeout=TIMEOUT_SECONDS)


@pytest.fixture(scope="module")
def applier(shared_recorder: Cloud) -> Iterator[Applier]:
    applier = Applier(shared_recorder)
    yield applier
    applier.close()


@pytest.fixture(scope="module")
def wanted(recorded: Shell) -> dict[str, Any]:
    return schedule_of(recorded, "--set", "epochs=7")


@pytest.fixture(scope="module")
def before(recorded: Shell) -> dict[str, Any]:
    return schedule_of(recorded, "--set", "epochs=5")


def schedule_of(recorded: Shell, *arguments: str) -> dict[str, Any]:
    """A schedule as `apply` sends it."""
    result = recorded(*DRY_RUN, *arguments)
    assert result.status == 0, result.stderr
    schedule: dict[str, Any] = json.loads(result.stdout)["schedule"]
    return schedule


def nothing(cloud: Cloud) -> None:
    """Before the first `apply`."""
    cloud.schedules.schedules.clear()


def pause(cloud: Cloud) -> None:
    """Its user has paused it."""
    (schedule,) = cloud.schedules.schedules.values()
    schedule.state = State.PAUSED


def double(cloud: Cloud) -> None:
    """There are two that fire."""
    (schedule,) = cloud.schedules.schedules.values()
    twin = vertex.Schedule(schedule)
    twin.name = f"{schedule.name}0"
    cloud.schedules.schedules[twin.name] = twin


SCENARIOS: dict[str, tuple[Callable[[Cloud], None], set[int]]] = {
    # what precedes, and how many may fire if `apply` is disturbed
    "create": (nothing, {0, 1}),
    "change": (lambda cloud: None, {1}),
    "paused": (pause, {0}),
    "two": (double, {1, 2}),
}


def prepare(cloud: Cloud, applier: Applier, before: dict[str, Any], scenario: str) -> set[int]:
    """Brings the cloud to where a scenario begins."""
    cloud.forget()
    assert applier(before) == "created"
    SCENARIOS[scenario][0](cloud)
    cloud.board.calls.clear()
    return SCENARIOS[scenario][1]


def firing(cloud: Cloud) -> int:
    return sum(each.state == State.ACTIVE for each in cloud.schedules.schedules.values())


def check_mended(
    cloud: Cloud, applier: Applier, wanted: dict[str, Any], scenario: str, context: object
) -> None:
    """To apply again puts things right."""
    cloud.board.faults.clear()
    done = applier(wanted)
    (schedule,) = cloud.schedules.schedules.values()
    job = schedule.create_pipeline_job_request.pipeline_job
    assert job.runtime_config.parameter_values["epochs"] == 7, context
    assert schedule.state == (State.PAUSED if scenario == "paused" else State.ACTIVE), context
    assert done.endswith(", paused") == (scenario == "paused"), (context, done)


def places(cloud: Cloud) -> list[tuple[str, int]]:
    """Each call of an undisturbed `apply`: the method, and how often it was called before."""
    methods = [call.method for call in cloud.board.calls]
    return [(method, methods[:index].count(method)) for index, method in enumerate(methods)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_answer_is_lost_or_false_one_fires(
    recorder: Cloud,
    applier: Applier,
    before: dict[str, Any],
    wanted: dict[str, Any],
    scenario: str,
) -> None:
    prepare(recorder, applier, before, scenario)
    applier(wanted)
    for method, skip in places(recorder):
        for code, executed in WAYS:
            allowed = prepare(recorder, applier, before, scenario)
            context = (method, skip, code, executed)
            fault = Fault(method, code, executed=executed, skip=skip)
            recorder.board.faults.append(fault)
            done = applier(wanted)
            count = firing(recorder)
            assert count in allowed, context
            if not done.startswith("error"):
                assert len(recorder.schedules.schedules) == 1, context
                assert count == (scenario != "paused"), context
            check_mended(recorder, applier, wanted, scenario, context)


@pytest.mark.parametrize(
    ("scenario", "way"),
    [
        ("create", signal.SIGKILL),
        ("change", signal.SIGKILL),
        ("change", signal.SIGINT),
        ("paused", signal.SIGKILL),
    ],
)
def test_whenever_the_command_is_ended_one_fires(
    recorder: Cloud,
    applier: Applier,
    before: dict[str, Any],
    wanted: dict[str, Any],
    scenario: str,
    way: signal.Signals,
) -> None:
    prepare(recorder, applier, before, scenario)
    applier(wanted)
    for method, skip in places(recorder):
        for executed in (False, True):
            allowed = prepare(recorder, applier, before, scenario)
            victim = Applier(recorder)
            strike = partial(end_process, victim.process, way)
            recorder.board.faults.append(Fault(method, None, "", executed, skip, strike))
            victim(wanted)
            victim.close()
            recorder.board.settle(TIMEOUT_SECONDS)  # the call outlives the one who made it
            context = (method, skip, executed)
            assert firing(recorder) in allowed, context
            check_mended(recorder, applier, wanted, scenario, context)


def end_process(process: "subprocess.Popen[str]", way: signal.Signals) -> None:
    os.kill(process.pid, way)
    process.wait(TIMEOUT_SECONDS)


@pytest.mark.parametrize("scenario", ["create", "change", "paused"])
@pytest.mark.parametrize("same", [True, False])
def test_of_two_who_apply_at_once_one_schedule_is_left(
    recorder: Cloud,
    applier: Applier,
    before: dict[str, Any],
    wanted: dict[str, Any],
    recorded: Shell,
    scenario: str,
    same: bool,
) -> None:
    """Both have looked before either does anything."""
    prepare(recorder, applier, before, scenario)
    other = wanted if same else schedule_of(recorded, "--set", "epochs=9")
    meeting = threading.Barrier(2, timeout=TIMEOUT_SECONDS)
    recorder.board.faults += 2 * [Fault("ListSchedules", None, executed=True, act=meeting.wait)]
    second = Applier(recorder)
    thread = threading.Thread(target=second, args=(other,))
    thread.start()
    applier(wanted)
    thread.join()
    second.close()
    assert len(recorder.schedules.schedules) == 1
    assert firing(recorder) == (scenario != "paused")


def test_it_is_the_same_schedule_whoever_applies_it(recorder: Cloud, recorded: Shell) -> None:
    apply = DRY_RUN[:-1]
    assert recorded(*apply, "--owner", "ada").stdout == "nightly: created\n"
    assert recorded(*apply, "--owner", "bob").stdout == "nightly: unchanged\n"
    label = ["--label", "team=risk"]
    assert recorded(*apply, *label, "--owner", "bob").stdout == "nightly: updated\n"
    assert recorded(*apply, *label, "--owner", "ada").stdout == "nightly: unchanged\n"
    other = ["--label", "owner=risk"]  # said by hand, so it counts
    assert recorded(*apply, *other, "--owner", "ada").stdout == "nightly: updated\n"


def test_an_end_that_is_no_longer_asked_for_is_never_reached(
    recorder: Cloud, recorded: Shell
) -> None:
    apply = DRY_RUN[:-1]
    limits = ["--start", "2090-01-01", "--end", "2090-02-01", "--max-runs", "3"]
    assert recorded(*apply, *limits).stdout == "nightly: created\n"
    assert recorded(*apply).stdout == "nightly: updated\n"
    (schedule,) = recorder.schedules.schedules.values()
    start: Any = schedule.start_time  # datetimes, whatever their annotation says
    end: Any = schedule.end_time
    assert (end.year, schedule.max_run_count) == (9999, 2**63 - 1)
    assert start.year < 2090
    assert recorded(*apply).stdout == "nightly: unchanged\n"
    assert recorded(*apply, *limits).stdout == "nightly: updated\n"


def test_one_that_has_ended_is_replaced_once_it_is_changed(
    recorder: Cloud, recorded: Shell
) -> None:
    apply = [*DRY_RUN[:-1], "--max-runs", "1"]
    recorded(*apply)
    (ended,) = recorder.schedules.schedules.values()
    ended.state = State.COMPLETED
    assert recorded(*apply).stdout == "nightly: unchanged, completed\n"
    assert recorded(*apply, "--set", "epochs=7").stdout == "nightly: created\n"
    (schedule,) = recorder.schedules.schedules.values()
    assert schedule.state == State.ACTIVE and schedule.name != ended.name

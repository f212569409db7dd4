"""`tabpipe schedule …`: idempotent, never two that fire, right across daylight saving."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import pytest

from pipelines.vertex.cron import Cron
from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell
from trainer.errors import InputError

pytestmark = pytest.mark.slow

UTC = datetime.timezone.utc
CHICAGO = ZoneInfo("America/Chicago")
CRON = "TZ=America/Chicago 0 3 * * *"
APPLY = ["schedule", "apply", "nightly", CSV, "--image", "us-docker.pkg.dev/p/r/i:1"]
APPLY += ["--cron", CRON]


def states(cloud: Cloud) -> list[str]:
    return [schedule.state.name for schedule in cloud.schedules.schedules.values()]


def test_apply_creates_leaves_alone_and_changes(recorder: Cloud, recorded: Shell) -> None:
    first, second = recorded(*APPLY), recorded(*APPLY)
    assert (first.stdout, second.stdout) == ("nightly: created\n", "nightly: unchanged\n")
    (old,) = recorder.schedules.schedules
    assert "a month, 30 runs" in first.stderr

    changed = recorded(*APPLY, "--set", "epochs=7")
    assert changed.stdout == "nightly: updated\n"
    assert states(recorder) == ["ACTIVE"]
    order = [call.method for call in recorder.board.calls if not call.method.startswith("List")]
    assert order == ["CreateSchedule", "UpdateSchedule"]
    schedule = recorder.schedules.schedules[old]
    assert schedule.max_concurrent_active_run_count == 1
    parameters = schedule.create_pipeline_job_request.pipeline_job.runtime_config.parameter_values
    assert parameters["epochs"] == 7


def test_a_schedule_may_predict(recorder: Cloud, recorded: Shell) -> None:
    model = f"{CSV.rpartition('/')[0]}/model"
    apply = [*APPLY, "--model", model]
    refused = recorded(*apply)
    assert refused.status == 2 and "model/manifest.json" in refused.error
    recorder.storage.write(f"{model}/manifest.json", b"{}")
    applied = recorded(*apply)
    assert applied.stdout == "nightly: created\n", applied.stderr
    assert "training job                  0.00        0.00" in applied.stderr
    (schedule,) = recorder.schedules.schedules.values()
    job = schedule.create_pipeline_job_request.pipeline_job
    assert dict(job.runtime_config.parameter_values) == {"csv": CSV, "run_directory": model}
    mixed = recorded(*apply, "--spot")
    assert mixed.status == 2 and mixed.error.startswith(
        "error: --model predicts and takes no --spot"
    )


def test_a_lost_answer_creates_no_second_schedule(recorder: Cloud, recorded: Shell) -> None:
    recorder.board.faults += [
        Fault("CreateSchedule", grpc.StatusCode.UNAVAILABLE),
        Fault("CreateSchedule", None, executed=True),
        Fault("DeleteSchedule", grpc.StatusCode.DEADLINE_EXCEEDED, executed=True),
    ]
    created = recorded(*APPLY)
    deleted = recorded("schedule", "delete", "nightly")
    assert (created.status, deleted.status) == (0, 0), created.stderr + deleted.stderr
    assert len(recorder.calls("CreateSchedule")) == 2
    assert recorder.schedules.schedules == {}


def test_it_fires_at_three_local_time_on_both_sides_of_both_changes(
    recorder: Cloud, recorded: Shell
) -> None:
    for day in (datetime.date(2027, 3, 13), datetime.date(2027, 11, 6)):
        start = datetime.datetime.combine(day, datetime.time(0, 0), CHICAGO)
        recorder.clock.set(start)
        recorder.pipelines.jobs.clear()
        recorded(*APPLY, "--start", start.isoformat(), "--overlap", "9")
        recorder.fire_until(start + datetime.timedelta(days=3))
        times: Any = [job.create_time for job in recorder.pipelines.jobs.values()]
        fired = [time.astimezone(CHICAGO) for time in times]
        assert [time.hour for time in fired] == [3, 3, 3]
        assert fired[0].utcoffset() != fired[2].utcoffset()


def test_no_run_starts_while_another_goes_on(recorder: Cloud, recorded: Shell) -> None:
    start = datetime.datetime(2027, 1, 1, tzinfo=UTC)
    recorder.clock.set(start)
    recorded(*APPLY)
    recorder.fire_until(start + datetime.timedelta(days=3))
    assert len(recorder.pipelines.jobs) == 1  # nothing executes here, so the first never ends


def test_pause_resume_list_show_delete(recorder: Cloud, recorded: Shell) -> None:
    start = datetime.datetime(2027, 1, 1, tzinfo=UTC)
    recorder.clock.set(start)
    apply = recorded(*APPLY, "--overlap", "9")
    listed = recorded("schedule", "list")
    shown = recorded("schedule", "show", "nightly")
    recorded("schedule", "pause", "nightly")
    assert apply.status == 0, apply.stderr
    assert "nightly" in listed.stdout and "2027-01-01T09:00:00Z" in listed.stdout
    assert '"cron": "TZ=America/Chicago 0 3 * * *"' in shown.stdout
    assert "pipelineSpec" not in shown.stdout
    recorder.fire_until(start + datetime.timedelta(days=2))
    assert not recorder.pipelines.jobs

    resumed = recorded("schedule", "resume", "nightly", "--catch-up")
    assert resumed.stdout == "nightly: resumed\n"
    assert recorder.calls("ResumeSchedule")[-1].catch_up
    recorder.fire_until(start + datetime.timedelta(days=3))
    assert len(recorder.pipelines.jobs) == 3  # two that were missed, and one in its time

    deleted = recorded("schedule", "delete", "nightly")
    missing = recorded("schedule", "pause", "nightly")
    assert deleted.stdout == "nightly: deleted\n"
    assert missing.error == "error: a schedule must exist, got nightly; the schedules are: none"


@pytest.mark.parametrize(
    ("timing", "complaint"),
    [
        (["--end", "2020-01-01"], "--end must leave time for a run, got 2020-01-01"),
        (["--start", "2090-01-01T04:00Z", "--end", "2090-01-01T05:00Z"], "--end must leave time"),
        (["--start", "2090-02-01", "--end", "2090-01-01"], "--end must be after --start, got 20"),
        (["--overlap", "0"], "--overlap must be at least 1, got 0"),
        (["--max-runs", "-1"], "--max-runs must be at least 0, got -1"),
    ],
)
def test_a_timing_that_starts_no_run_is_refused(
    recorder: Cloud, recorded: Shell, timing: list[str], complaint: str
) -> None:
    result = recorded(*APPLY, *timing)
    assert (result.status, recorder.board.calls) == (2, [])
    assert complaint in result.error


def test_preview_shows_ten_firings_across_a_change(recorder: Cloud, recorded: Shell) -> None:
    start = ["--start", "2027-03-12T12:00Z"]
    preview = recorded("schedule", "preview", "--cron", CRON, *start)
    lines = preview.stdout.splitlines()
    assert len(lines) == 10
    assert lines[0] == "Sat 2027-03-13 03:00 CST  2027-03-13 09:00Z"
    assert lines[1] == "Sun 2027-03-14 03:00 CDT  2027-03-14 08:00Z"


@pytest.mark.parametrize(
    ("cron", "complaint"),
    [
        ("0 3 * *", "must be five fields"),
        ("* * * * * *", "must be five fields"),
        ("61 3 * * *", "must be a cron expression, got '61 3 * * *': Bad minute"),
        ("0 3 30 2 *", "must be a cron expression, got '0 3 30 2 *': Bad day-of-month"),
        ("0 3 L * *", "must be a cron expression of numbers, names of months and days"),
        ("0 3 * * MON#2", "must be a cron expression of numbers, names of months and days"),
        ("TZ=Mars/Olympus 0 3 * * *", "must name a known time zone, got Mars/Olympus"),
        ("TZ=../etc 0 3 * * *", "must name a known time zone, got ../etc"),
    ],
)
def test_a_bad_cron_expression(cron: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        Cron.parse(cron)
    assert complaint in str(caught.value)

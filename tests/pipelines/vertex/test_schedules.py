"""When a schedule starts its runs, and how many of them a budget covers."""

import datetime

import pytest

from pipelines.vertex.cron import Cron
from pipelines.vertex.schedules import (
    Timing,
    build_schedule,
    check_name,
    firings,
    runs_per_month,
    timing_of,
)
from trainer.errors import InputError

UTC = datetime.timezone.utc
START = datetime.datetime(2100, 1, 1, tzinfo=UTC)


def test_a_month_has_as_many_runs_as_it_has_firings_up_to_the_limit() -> None:
    daily = "0 3 * * *"
    assert runs_per_month(Timing(daily, START)) == 30
    assert runs_per_month(Timing(daily, START, max_runs=7)) == 7
    assert runs_per_month(Timing(daily, START, end=START + datetime.timedelta(days=10))) == 10


def test_a_schedule_that_fires_once_a_year_counts_as_one_run_a_month() -> None:
    assert runs_per_month(Timing("0 3 1 12 *", START)) == 1


def test_firings_are_between_start_and_end_in_the_schedules_time_zone() -> None:
    timing = Timing("TZ=America/Chicago 0 3 * * *", START, START + datetime.timedelta(days=2))
    assert [each.isoformat() for each in firings(timing)] == [
        "2100-01-01T03:00:00-06:00",
        "2100-01-02T03:00:00-06:00",
    ]


def test_the_timing_of_a_schedule_is_its_own_unless_another_start_is_given() -> None:
    schedule = {"cron": "0 3 * * *", "startTime": "2100-01-01T00:00:00Z"}
    assert timing_of(schedule) == Timing("0 3 * * *", START)
    later = START + datetime.timedelta(days=1)
    assert timing_of(schedule, later) == Timing("0 3 * * *", later)


HOSTILE = [
    "a\nb",
    "a\n",
    "\r",
    'a" OR state="ACTIVE',
    "it's",
    "a\\b",
    "a\x1b[0m",
    "\u202ea",
    "",
]


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 129])
def test_a_name_that_no_filter_can_hold_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="^a schedule's name must have 1 to 128"):
        check_name(name)
    with pytest.raises(InputError, match="^a schedule's name"):
        build_schedule(name, Timing("0 3 * * *"), "projects/p/locations/l", {"labels": {}}, {})


def test_names_in_any_script_are_taken() -> None:
    for name in ("nightly", "täglich um 3", "夜間", "a-b_c.d (2)"):
        check_name(name)


@pytest.mark.parametrize(
    "text",
    ["0 3\n* * *", "0 3 * * *\n", " 0 3 * * *", '0 3 * * "*"', "0\t3 * * *", "\u0663 3 * * *"]
    + ["TZ=America/Chicago\n0 3 * * *", "TZ='UTC' 0 3 * * *", "0 3 * * *\u2028", "0 3\xa0* * *"],
)
def test_a_cron_expression_with_breaks_quotes_or_other_digits_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="^--cron must be five fields"):
        Cron.parse(text)

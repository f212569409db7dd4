"""Which texts are dates, and which date each is."""

from datetime import datetime

import pytest

from vertex_tabular.schema.dates import DAY_FIRST, ISO, MONTH_FIRST, date_of, iso_date, order_of

NOON = datetime(2026, 2, 1, 12)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-02-01", datetime(2026, 2, 1)),
        ("2026/02/01", datetime(2026, 2, 1)),
        ("20260201", datetime(2026, 2, 1)),
        ("2026-02-01 12:00", NOON),
        ("2026-02-01T12:00:00.123456789", NOON),
        ("20260201 12:00:00", NOON),
        ("2026-02-01T12:00:00Z", NOON),
        ("2026-02-01 12:00:00 UTC", NOON),
        ("2026-02-01T14:30:00.5+02:30", NOON),
        ("2026-02-01T10:00-0200", NOON),
        ("2026-02-01T11:00:00-01", NOON),
        ("2026-02-30", None),
        ("2026-02/01", None),
        ("2026-2-1", None),
        ("02/01/2026", None),
        ("2026-02-01Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-02-01T12:00:00 CET", None),
        ("\u0662026-02-01", None),
    ],
)
def test_a_date_that_begins_with_the_year(text: str, date: datetime | None) -> None:
    assert date_of(text) == date


@pytest.mark.parametrize("text", ["1/2/2026", "01.02.2026", "01-02-2026 00:00:00Z"])
def test_the_order_says_which_is_the_day(text: str) -> None:
    assert date_of(text, DAY_FIRST) == datetime(2026, 2, 1)
    assert date_of(text, MONTH_FIRST) == datetime(2026, 1, 2)
    assert date_of("2026-02-01", DAY_FIRST) == datetime(2026, 2, 1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2026-02-01", "2026-02-01"),
        ("2026-02-01T12:00:00.5", "2026-02-01T12:00:00.5"),
        ("20260201", "2026-02-01"),
        ("2026-02-01T12:00:00Z", "2026-02-01 12:00:00"),
        ("13/02/2026", "2026-02-13"),
        ("13/13/2026", "13/13/2026"),
    ],
)
def test_a_date_is_kept_as_iso(text: str, kept: str) -> None:
    assert iso_date(text, DAY_FIRST) == kept


def test_a_column_tells_the_order() -> None:
    assert order_of({"2026-01-01", "20260102", "2026/01/03"}) == ISO
    assert order_of({"01/02/2026", "13/02/2026"}) == DAY_FIRST
    assert order_of({"01/02/2026", "02/13/2026"}) == MONTH_FIRST
    assert order_of({"13/02/2026", "02/13/2026"}) is None
    assert order_of({"01/02/2026", "soon"}) is None
    with pytest.raises(ValueError, match="may begin with the day or the month"):
        order_of({"01/02/2026", "03/04/2026"})

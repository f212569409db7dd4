"""Dates as tables have them: ISO 8601, with slashes or without separators, and those that begin
with the day or the month, which only the whole column tells apart."""

import re
from datetime import datetime, timedelta

ISO, DAY_FIRST, MONTH_FIRST = ORDERS = ("year-month-day", "day-month-year", "month-day-year")

TIME = r"[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?"
ZONE = r" ?(?:Z|UTC|([-+])(\d\d):?(\d\d)?)"
REST = f"(?:{TIME}(?:{ZONE})?)?"
# Dates that are kept as they are, and all that begin with the year.
PLAIN = re.compile(rf"\d{{4}}-\d\d-\d\d(?:{TIME})?", re.ASCII)
DATE = re.compile(rf"(\d{{4}})(-|/|)(\d\d)\2(\d\d){REST}", re.ASCII)
YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){REST}", re.ASCII)


def date_of(text: str, order: str = ISO) -> datetime | None:
    """The date and time that a text stands for, or None; less than a second is cut off.

    With a zone (`Z`, `UTC`, `+02:00`), it is the time in UTC.

    Args:
        order: one of `ORDERS`, of dates that do not begin with the year.
    """
    if match := DATE.fullmatch(text):
        year, _, month, day, *rest = match.groups()
    elif order != ISO and (match := YEAR_LAST.fullmatch(text)):
        first, _, second, year, *rest = match.groups()
        day, month = (first, second) if order == DAY_FIRST else (second, first)
    else:
        return None
    hour, minute, second, sign, hours, minutes = rest
    try:
        day_of = datetime(int(year), int(month), int(day))
        date = day_of.replace(hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0))
        away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return date + away if sign == "-" else date - away
    except (ValueError, OverflowError):  # as the 31st of February, or before the year 1
        return None


def iso_date(text: str, order: str = ISO) -> str:
    """A date as ISO 8601 has it, without a zone; a text that is no date, or is so already, as it
    is."""
    if PLAIN.fullmatch(text) or (date := date_of(text, order)) is None:
        return text
    return str(date if ":" in text else date.date())


def order_of(texts: set[str]) -> str | None:
    """The order in which all of some texts are dates; None if there is no one order.

    Raises:
        ValueError: they are dates both with the day first and with the month first.
    """
    orders = [order for order in ORDERS if all(date_of(text, order) for text in texts)]
    if len(orders) == 2:
        raise ValueError("they may begin with the day or the month")
    return orders[0] if orders else None

"""The cloud's time: the machine's own, until a test sets it."""

import datetime


class Clock:
    """Gives aware UTC times; stands still once it has been set."""

    def __init__(self) -> None:
        self._set: datetime.datetime | None = None

    def now(self) -> datetime.datetime:
        return self._set or datetime.datetime.now(datetime.timezone.utc)

    def set(self, now: datetime.datetime) -> None:
        self._set = now.astimezone(datetime.timezone.utc)

    def reset(self) -> None:
        """It is the machine's own time again."""
        self._set = None

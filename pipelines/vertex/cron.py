"""The times at which a schedule starts a run: cron expressions in a time zone, correct across
daylight saving.

Vertex AI takes five fields, with an optional time zone in front: `TZ=America/Chicago 0 3 * * *`
(https://cloud.google.com/vertex-ai/docs/pipelines/schedule-pipeline-run).
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from trainer.errors import InputError

UTC = datetime.timezone.utc
# Without L, W and #, which are extensions: https://en.wikipedia.org/wiki/Cron#Cron_expression
NAMES = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT"
STANDARD = re.compile(rf"(?:\d|[*,/\s-]|{NAMES})+", re.IGNORECASE)
EXPRESSION = re.compile(
    r"(?:(?:CRON_)?TZ=([A-Za-z0-9_.+/-]+) +)?([0-9A-Za-z*/,#?-]+(?: +[0-9A-Za-z*/,#?-]+){4})"
)


@dataclass(frozen=True)
class Cron:
    """A cron expression.

    Attributes:
        fields: minute, hour, day of the month, month, day of the week.
        zone: the time zone of these fields.
    """

    fields: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """The expression in `text`.

        Raises:
            InputError: not five valid fields, or an unknown time zone.
        """
        match = EXPRESSION.fullmatch(text)
        if not match:
            raise InputError(
                f"--cron must be five fields like '0 3 * * *', got {text!r}; for a time zone other "
                "than UTC, begin with TZ=America/Chicago"
            )
        if not STANDARD.fullmatch(match[2]):
            raise InputError(
                "--cron must be a cron expression of numbers, names of months and days, "
                f"* , - and /, got {text!r}"
            )
        try:
            cron = cls(match[2], ZoneInfo(match[1] or "UTC"))
            CronSim(cron.fields, datetime.datetime.now(cron.zone))
        except (LookupError, ValueError, OSError):  # unknown, malformed, the name of a directory
            raise InputError(f"--cron must name a known time zone, got {match[1]}") from None
        except CronSimError as error:
            raise InputError(f"--cron must be a cron expression, got {text!r}: {error}") from None
        return cron

    def firings(self, after: datetime.datetime) -> Iterator[datetime.datetime]:
        """The times after `after` at which it starts a run, in its own time zone."""
        yield from CronSim(self.fields, after.astimezone(self.zone))


def parse_time(flag: str, text: str) -> datetime.datetime:
    """The time in an ISO 8601 text; in UTC if it has no offset.

    Raises:
        InputError: the text is not ISO 8601.
    """
    try:
        # Python 3.10 does not read the Z.
        moment = datetime.datetime.fromisoformat(re.sub(r"Z\Z", "+00:00", text))
    except ValueError:
        raise InputError(f"{flag} must look like 2027-01-31T03:00Z, got {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

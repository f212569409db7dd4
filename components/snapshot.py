"""First step: pins the version of the input, so that caching sees changed data."""

from typing import NamedTuple


class Snapshot(NamedTuple):
    """The URI of the input, and the fingerprint of its content."""

    csv: str
    fingerprint: str


def snapshot(csv: str) -> Snapshot:
    """Fingerprints the CSV. Never cached; what it returns is the cache key of all that follows."""
    from components.objects import fingerprint
    from trainer.errors import exit_on_error

    with exit_on_error():
        return Snapshot(csv, fingerprint(csv))

"""First step: pins the version of the input, so that caching sees changed data."""

from typing import NamedTuple


def snapshot(csv: str) -> NamedTuple("Snapshot", [("csv", str), ("fingerprint", str)]):
    """Fingerprints the CSV. Never cached; what it returns is the cache key of all that follows."""
    from components.objects import fingerprint
    from trainer.errors import exit_on_error

    with exit_on_error():
        return (csv, fingerprint(csv))

"""First step: pins the version of the input, so that caching sees changed data."""

from typing import NamedTuple


def snapshot(csv: str) -> NamedTuple("Snapshot", [("csv", str), ("fingerprint", str)]):
    """Fingerprints the CSV. Never cached; what it returns is the cache key of all that follows."""
    from trainer.contract import input_file, sha256_of
    from trainer.errors import reported

    with reported():
        return (csv, f"sha256:{sha256_of(input_file(csv))}")

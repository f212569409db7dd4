"""What `tabpipe doctor` says."""

from dataclasses import dataclass

MISSING, UNKNOWN = "missing", "unknown"
ASK_AN_OWNER = "tabpipe doctor, run by an owner of the project, sees it"


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        state: MISSING, or UNKNOWN where the caller may not see whether it is there.
        what: what is missing.
        cure: the command that makes it; of what is unknown, what to do.
    """

    state: str
    what: str
    cure: str


def missing(what: str, cure: str) -> Finding:
    """A thing that is not there."""
    return Finding(MISSING, what, cure)


def unknown(what: str, cure: str = ASK_AN_OWNER) -> Finding:
    """A thing that cannot be seen."""
    return Finding(UNKNOWN, what, cure)

"""Resource names of the loopback cloud: its one project has an id and, in names, a number."""

import re
from dataclasses import dataclass

import grpc

from tests.gcp.loopback.rpc import Refused

PROJECT = "loopback-project"
PROJECT_NUMBER = "123456789012"
REGION = "us-central1"
PARENT = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[a-z]+-[a-z]+\d+)$")


@dataclass(frozen=True)
class Parent:
    """What `projects/P/locations/L` names."""

    location: str

    def holds(self, name: str) -> bool:
        """Whether a resource is in this location."""
        return f"/locations/{self.location}/" in name

    def child(self, collection: str, name: str) -> str:
        return f"projects/{PROJECT_NUMBER}/locations/{self.location}/{collection}/{name}"


def parent(name: str, permission: str) -> Parent:
    """Reads the parent of a request.

    Raises:
        Refused: malformed, or a project that the caller may not use.
    """
    match = PARENT.match(name)
    if not match:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid resource field value: {name}.")
    if match["project"] not in (PROJECT, PROJECT_NUMBER):
        raise Refused(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Permission '{permission}' denied on resource '//aiplatform.googleapis.com/{name}' "
            "(or it may not exist).",
        )
    return Parent(match["location"])


def canonical(name: str) -> str:
    """A resource's name with the project's number in it, by which it is kept."""
    return name.replace(f"projects/{PROJECT}/", f"projects/{PROJECT_NUMBER}/", 1)

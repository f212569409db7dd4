"""Calls of Cloud Build, over REST:
https://cloud.google.com/build/docs/api/reference/rest/v1/projects.locations.builds"""

from collections.abc import Mapping
from typing import Any

from pipelines.vertex.calls.connection import MAX_LOG_LINES, Connection
from pipelines.vertex.errors import translate_errors

HOST = "https://cloudbuild.googleapis.com/v1"


class BuildCalls(Connection):
    """Builds: started, read, their logs."""

    def start_build(self, build: Mapping[str, Any]) -> str:
        """Starts a build; returns its id. It is not repeated after a lost answer: there is no
        telling whether it has started."""
        with translate_errors("start the build"):
            operation = self.http("POST", f"{HOST}/{self.parent}/builds", build)
        build_id: str = operation["metadata"]["build"]["id"]
        return build_id

    def build(self, build_id: str) -> dict[str, Any]:
        """A build as JSON."""
        with translate_errors(f"read the build {build_id}"):
            return self.http("GET", f"{HOST}/{self.parent}/builds/{build_id}")

    def build_log(self, build_id: str) -> list[str]:
        """The last lines that a build has logged."""
        condition = f'resource.type="build" AND resource.labels.build_id="{build_id}"'
        return self.log_lines(condition, MAX_LOG_LINES)

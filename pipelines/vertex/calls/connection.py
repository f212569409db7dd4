"""What the clients of Google Cloud share: project, region, credentials, how a call is made."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import google.auth
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.transport.requests import AuthorizedSession

from pipelines.vertex.errors import ATTEMPT_SECONDS, RETRY, translate_errors

CALL: dict[str, Any] = {"retry": RETRY, "timeout": ATTEMPT_SECONDS}
LOGGING = "https://logging.googleapis.com/v2/entries:list"
MAX_LOG_LINES = 1000
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Connection:
    """One project and region.

    Args:
        project: project id.
        region: for example us-central1.

    Raises:
        InputError: there are no credentials.
    """

    def __init__(self, project: str, region: str) -> None:
        self.project, self.region = project, region
        self.parent = f"projects/{project}/locations/{region}"
        with translate_errors("reach Google Cloud"):
            # A user's credentials need a project whose quota the calls count against; of a service
            # account it would be its own: https://cloud.google.com/docs/quotas/set-quota-project
            credentials, _ = google.auth.default(scopes=[SCOPE], quota_project_id=project)
        self.credentials: Any = credentials

    @cached_property
    def _session(self) -> Any:
        make: Callable[[Any], Any] = AuthorizedSession
        return make(self.credentials)

    def http(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON that a REST API of Google Cloud answers.

        Raises:
            GoogleAPICallError: it refuses.
        """
        answer = self._session.request(method, url, json=body, timeout=60)
        if not answer.ok:
            refused: Callable[[Any], Exception] = exceptions.from_http_response
            raise refused(answer)
        content: dict[str, Any] = answer.json()
        return content

    def log_lines(self, condition: str, limit: int) -> list[str]:
        """The last lines that Cloud Logging has of what the condition names, in order."""
        body = {
            "resourceNames": [f"projects/{self.project}"],
            "filter": condition,
            "orderBy": "timestamp desc",
            "pageSize": limit,
        }
        with translate_errors("read the log"):
            entries = self.http("POST", LOGGING, body).get("entries", [])
        texts = [
            e.get("textPayload") or e.get("jsonPayload", {}).get("message", "") for e in entries
        ]
        return [line for text in reversed(texts) for line in str(text).splitlines()]

    def gapic(self, client: Any) -> Any:
        """A client of a class that Google generates, for this region."""
        options = ClientOptions(
            api_endpoint=f"{self.region}-aiplatform.googleapis.com", quota_project_id=self.project
        )
        return client(credentials=self.credentials, client_options=options)

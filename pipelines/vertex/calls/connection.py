"""What the clients of Google Cloud share: project, region, credentials, how a call is made."""

from typing import Any

import google.auth
from google.api_core.client_options import ClientOptions

from pipelines.vertex.errors import ATTEMPT_SECONDS, RETRY, translate_errors

CALL: dict[str, Any] = {"retry": RETRY, "timeout": ATTEMPT_SECONDS}
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

    def gapic(self, client: Any) -> Any:
        """A client of a class that Google generates, for this region."""
        options = ClientOptions(
            api_endpoint=f"{self.region}-aiplatform.googleapis.com", quota_project_id=self.project
        )
        return client(credentials=self.credentials, client_options=options)

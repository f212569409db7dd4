"""Calls that read how a project is set up, over REST; none of them changes anything.

Unlike the other calls these raise Google's own errors: that a thing does not exist is an answer
here, and that it may not be read is another.

https://cloud.google.com/service-usage/docs/reference/rest
https://cloud.google.com/resource-manager/reference/rest/v3/projects
https://cloud.google.com/iam/docs/reference/rest
https://cloud.google.com/artifact-registry/docs/reference/rest
https://cloud.google.com/kms/docs/reference/rest
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import google.auth
from google.auth import exceptions as auth

from pipelines.vertex.calls.connection import SCOPE
from pipelines.vertex.calls.objects import ObjectCalls

USAGE = "https://serviceusage.googleapis.com"
MANAGER = "https://cloudresourcemanager.googleapis.com/v3"
IAM = "https://iam.googleapis.com/v1"
REGISTRY = "https://artifactregistry.googleapis.com/v1"
KMS = "https://cloudkms.googleapis.com/v1"
POLICY_VERSION = 3  # the one that says of a binding whether it has a condition
UNLIMITED = -1
Bindings = Sequence[Mapping[str, Any]]


def why_no_credentials() -> str:
    """Why there are no credentials; empty if there are."""
    try:
        google.auth.default(scopes=[SCOPE])
    except auth.DefaultCredentialsError as error:
        return str(error).splitlines()[0].rstrip(".")
    return ""


class ProjectCalls(ObjectCalls):
    """What a project has and who may do what in it.

    Every method raises GoogleAPICallError, of which NotFound and Forbidden are answers, or
    GoogleAuthError where the credentials are no longer valid.
    """

    @property
    def email(self) -> str:
        """The service account whose credentials these are; empty for a user's."""
        email = str(getattr(self.credentials, "service_account_email", ""))
        return email if "@" in email else ""

    def enabled(self, apis: Sequence[str]) -> set[str]:
        """Those of at most 30 APIs that are on."""
        parent = f"projects/{self.project}"
        names = "&".join(f"names={parent}/services/{api}" for api in apis)
        answer = self.http("GET", f"{USAGE}/v1/{parent}/services:batchGet?{names}")
        services = answer.get("services", [])
        return {each["config"]["name"] for each in services if each["state"] == "ENABLED"}

    def quota(self, metric: str) -> int:
        """The quota of Vertex AI by that metric in the region; UNLIMITED if there is none."""
        service = f"projects/{self.project}/services/aiplatform.googleapis.com"
        url = f"{USAGE}/v1beta1/{service}/consumerQuotaMetrics/{quote(metric, safe='')}"
        limit = 0
        for each in self.http("GET", url).get("consumerQuotaLimits", []):
            # From the least specific to the most specific: the last that applies is in force.
            for bucket in each.get("quotaBuckets", []):
                if bucket.get("dimensions", {}).get("region", self.region) == self.region:
                    limit = int(bucket.get("effectiveLimit", 0))
        return limit

    def project_number(self) -> str:
        """The project's number."""
        number: str = self.http("GET", f"{MANAGER}/projects/{self.project}")["name"]
        return number.removeprefix("projects/")

    def project_permissions(self, permissions: Sequence[str]) -> set[str]:
        """Those of the permissions that the caller has in the project."""
        return self._permissions(f"{MANAGER}/projects/{self.project}", permissions)

    def project_bindings(self) -> Bindings:
        """Who has which role in the project, but for what it inherits."""
        body = {"options": {"requestedPolicyVersion": POLICY_VERSION}}
        return self._bindings("POST", f"{MANAGER}/projects/{self.project}:getIamPolicy", body)

    def role(self, name: str) -> set[str]:
        """The permissions of a role, by a name like roles/viewer or projects/P/roles/R."""
        return set(self.http("GET", f"{IAM}/{name}").get("includedPermissions", []))

    def account(self, project: str, email: str) -> dict[str, Any]:
        """A service account as JSON."""
        return self.http("GET", f"{IAM}/projects/{project}/serviceAccounts/{email}")

    def account_permissions(self, project: str, email: str, permissions: Sequence[str]) -> set[str]:
        """Those of the permissions that the caller has on a service account."""
        return self._permissions(f"{IAM}/projects/{project}/serviceAccounts/{email}", permissions)

    def account_bindings(self, project: str, email: str) -> Bindings:
        """Who has which role on a service account."""
        name = f"projects/{project}/serviceAccounts/{email}"
        return self._bindings("POST", f"{IAM}/{name}:getIamPolicy?{_VERSION}", {})

    def bucket_location(self, name: str) -> str:
        """Where a bucket is, in lower case: a region, or a name like us or eur4."""
        location: str = self._storage.get_bucket(name).location
        return location.lower()

    def bucket_permissions(self, name: str, permissions: Sequence[str]) -> set[str]:
        """Those of the permissions that the caller has on a bucket."""
        return set(self._storage.bucket(name).test_iam_permissions(list(permissions)))

    def bucket_bindings(self, name: str) -> Bindings:
        """Who has which role on a bucket."""
        policy = self._storage.bucket(name).get_iam_policy(requested_policy_version=POLICY_VERSION)
        bindings: Bindings = policy.bindings
        return bindings

    def repository(self, name: str) -> dict[str, Any]:
        """A repository of Artifact Registry as JSON."""
        return self.http("GET", f"{REGISTRY}/{self.parent}/repositories/{name}")

    def key(self, name: str) -> dict[str, Any]:
        """A key, or a ring of keys, as JSON."""
        return self.http("GET", f"{KMS}/{name}")

    def key_bindings(self, name: str) -> Bindings:
        """Who has which role on a key."""
        return self._bindings("GET", f"{KMS}/{name}:getIamPolicy?{_VERSION}", None)

    def _permissions(self, url: str, permissions: Sequence[str]) -> set[str]:
        body = {"permissions": list(permissions)}
        return set(self.http("POST", f"{url}:testIamPermissions", body).get("permissions", []))

    def _bindings(self, method: str, url: str, body: Mapping[str, Any] | None) -> Bindings:
        bindings: Bindings = self.http(method, url, body).get("bindings", [])
        return bindings


_VERSION = f"options.requestedPolicyVersion={POLICY_VERSION}"

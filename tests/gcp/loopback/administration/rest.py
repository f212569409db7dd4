"""The REST APIs by which a project's set-up is read, in the shapes that Google documents.

https://cloud.google.com/service-usage/docs/reference/rest
https://cloud.google.com/resource-manager/reference/rest/v3/projects
https://cloud.google.com/iam/docs/reference/rest
https://cloud.google.com/artifact-registry/docs/reference/rest
https://cloud.google.com/kms/docs/reference/rest
https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.gcp.loopback import credentials
from tests.gcp.loopback.administration.project import (
    MEMBERS,
    THE_PROJECT,
    Administration,
    of_bucket,
)
from tests.gcp.loopback.administration.roles import ROLES
from tests.gcp.loopback.names import PROJECT, PROJECT_NUMBER

PERMISSION = re.compile(r"[a-z]+(\.[a-zA-Z]+){2}")
ACCOUNT = rf"v1/({THE_PROJECT}/serviceAccounts/[^/:]+)"
RINGS = rf"v1/(projects/{PROJECT}/locations/[a-z0-9-]+/keyRings/[\w-]+)"
Answer = tuple[int, dict[str, Any]]


def error(code: int, text: str, reason: str = "", **metadata: str) -> Answer:
    """An answer that refuses; a reason stands in google.rpc.ErrorInfo."""
    status = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[code]
    content: dict[str, Any] = {"code": code, "message": text, "status": status}
    if reason:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
        content["details"] = [{**info, "domain": "googleapis.com", "metadata": metadata}]
    return code, {"error": content}


class Rest:
    """Answers one request after another, of any host."""

    def __init__(self, administration: Administration) -> None:
        self._has = administration
        services = f"v1/{THE_PROJECT}/services:batchGet"
        metrics = f"v1beta1/{THE_PROJECT}/services/aiplatform.googleapis.com/consumerQuotaMetrics"
        repositories = rf"v1/({THE_PROJECT}/locations/[a-z0-9-]+/repositories/[a-z-]+)"
        # host, method, path, permission, what answers
        self._routes: list[tuple[str, str, str, str, Callable[..., Answer]]] = [
            ("serviceusage", "GET", services, "serviceusage.services.get", self._services),
            ("serviceusage", "GET", f"{metrics}/([^/]+)", "serviceusage.quotas.get", self._quota),
            (
                "cloudresourcemanager",
                "GET",
                f"v3/({THE_PROJECT})",
                "resourcemanager.projects.get",
                self._project,
            ),
            (
                "cloudresourcemanager",
                "POST",
                f"v3/({THE_PROJECT}):getIamPolicy",
                "resourcemanager.projects.getIamPolicy",
                self._policy,
            ),
            (
                "cloudresourcemanager",
                "POST",
                f"v3/({THE_PROJECT}):testIamPermissions",
                "",
                self._tested,
            ),
            ("iam", "GET", ACCOUNT, "iam.serviceAccounts.get", self._resource),
            (
                "iam",
                "POST",
                f"{ACCOUNT}:getIamPolicy",
                "iam.serviceAccounts.getIamPolicy",
                self._policy,
            ),
            ("iam", "POST", f"{ACCOUNT}:testIamPermissions", "", self._tested),
            ("iam", "GET", r"v1/(roles/[\w.]+)", "", self._role),
            ("iam", "GET", rf"v1/({THE_PROJECT}/roles/[\w.]+)", "iam.roles.get", self._role),
            (
                "artifactregistry",
                "GET",
                repositories,
                "artifactregistry.repositories.get",
                self._resource,
            ),
            ("cloudkms", "GET", RINGS, "cloudkms.keyRings.get", self._resource),
            (
                "cloudkms",
                "GET",
                rf"{RINGS[:-1]}/cryptoKeys/[\w-]+)",
                "cloudkms.cryptoKeys.get",
                self._resource,
            ),
            (
                "cloudkms",
                "GET",
                rf"{RINGS[:-1]}/cryptoKeys/[\w-]+):getIamPolicy",
                "cloudkms.cryptoKeys.getIamPolicy",
                self._policy,
            ),
        ]

    def answer(
        self, host: str, method: str, url: str, headers: Mapping[str, str], body: dict[str, Any]
    ) -> Answer:
        """What the API answers: status and content."""
        path, _, text = url.removeprefix("/").partition("?")
        query = parse_qs(text)
        if refused := self._refused(host, headers):
            return refused
        member = MEMBERS[headers["authorization"]]
        for name, verb, pattern, permission, respond in self._routes:
            match = re.fullmatch(pattern, path)
            if not match or verb != method or host != f"{name}.googleapis.com":
                continue
            resource = match[1] if match.groups() else THE_PROJECT
            if permission and not self._has.allowed(member, resource, [permission]):
                return error(403, f"Permission '{permission}' denied on resource '{resource}'.")
            return respond(resource, member, query, body)
        return error(404, f"{method} {host} {url}")

    def bucket(self, method: str, url: str, authorization: str) -> Answer | None:
        """What Cloud Storage answers a caller with credentials about a bucket that exists; None
        where the emulator answers."""
        path, _, text = url.partition("?")
        match = re.fullmatch(r"/storage/v1/b/([^/]+)(/iam|/iam/testPermissions)?", path)
        if not match or method != "GET" or authorization not in MEMBERS:
            return None
        member, resource = MEMBERS[authorization], of_bucket(match[1])
        if match[2] == "/iam/testPermissions":
            granted = self._has.allowed(member, resource, parse_qs(text)["permissions"])
            kind = "storage#testIamPermissionsResponse"
            return 200, {"kind": kind, **({"permissions": granted} if granted else {})}
        permission = "storage.buckets.getIamPolicy" if match[2] else "storage.buckets.get"
        if not self._has.allowed(member, resource, [permission]):
            text = f"{member} does not have {permission} access to the Google Cloud Storage bucket."
            return error(403, text)
        if not match[2]:
            return None
        bindings = self._has.policies.get(resource, [])
        return 200, {"kind": "storage#policy", "version": 1, "etag": "CAE=", "bindings": bindings}

    def _refused(self, host: str, headers: Mapping[str, str]) -> Answer | None:
        if headers.get("authorization") not in MEMBERS:
            return error(403, "The request is missing a valid API key.")
        if credentials.lacks_quota_project(headers):
            return error(403, credentials.NO_QUOTA_PROJECT)
        member, use = MEMBERS[headers["authorization"]], "serviceusage.services.use"
        if credentials.QUOTA_PROJECT in headers and not self._has.allowed(
            member, THE_PROJECT, [use]
        ):
            text = (
                f"Caller does not have required permission to use project {PROJECT}. Grant the "
                "caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with "
                f"the {use} permission."
            )
            return error(403, text, "USER_PROJECT_DENIED", consumer=THE_PROJECT)
        if host not in self._has.apis:
            text = f"{host} has not been used in project {PROJECT_NUMBER} before or it is disabled."
            return error(403, text, "SERVICE_DISABLED", service=host)
        return None

    def _services(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        names = query["names"]
        if len(names) > 30 or not all(name.startswith(f"{resource}/services/") for name in names):
            return error(400, "names must be at most 30 services of the parent")
        found = [name.rpartition("/")[2] for name in names]
        parent = f"projects/{PROJECT_NUMBER}"
        listed = [
            {
                "name": f"{parent}/services/{name}",
                "config": {"name": name},
                "state": "ENABLED" if name in self._has.apis else "DISABLED",
                "parent": parent,
            }
            for name in found
        ]
        return 200, {"services": listed}

    def _quota(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        metric = unquote(resource)
        if metric not in self._has.quotas:
            return error(404, f"quota metric {metric} not found")
        limit = {"unit": "1/{project}/{region}", "quotaBuckets": self._has.quotas[metric]}
        return 200, {"metric": metric, "consumerQuotaLimits": [limit]}

    def _project(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        name = f"projects/{PROJECT_NUMBER}"
        return 200, {"name": name, "projectId": PROJECT, "state": "ACTIVE"}

    def _resource(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        if resource not in self._has.resources:
            return error(404, f"{resource} was not found")
        return 200, {"name": resource}

    def _policy(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        if resource != THE_PROJECT and resource not in self._has.resources:
            return error(404, f"{resource} was not found")
        policy: dict[str, Any] = {"version": 1, "etag": "BwXhqDVKnzs="}
        bindings = self._has.policies.get(resource)  # an empty list is left out of the JSON
        return 200, {**policy, **({"bindings": bindings} if bindings else {})}

    def _tested(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        asked = body["permissions"]
        if not asked or len(asked) > 100 or not all(map(PERMISSION.fullmatch, asked)):
            return error(400, "permissions must be 1 to 100 names without wildcards")
        if resource != THE_PROJECT and resource not in self._has.resources:
            return error(404, f"{resource} was not found")
        granted = self._has.allowed(member, resource, asked)
        return 200, {"permissions": granted} if granted else {}

    def _role(self, resource: str, member: str, query: Any, body: Any) -> Answer:
        if resource not in ROLES:
            return error(404, f"The role named {resource} was not found.")
        return 200, {"name": resource, "includedPermissions": sorted(ROLES[resource])}

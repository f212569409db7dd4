"""Compares a project with what is wanted of it; nothing is changed: tabpipe doctor"""

from collections.abc import Callable, Iterator
from functools import partial

from google.api_core import exceptions
from google.auth import exceptions as auth

from pipelines.vertex.calls.projects import ProjectCalls, why_no_credentials
from pipelines.vertex.doctor import cures, resources, roles
from pipelines.vertex.doctor.findings import Finding, missing, unknown
from pipelines.vertex.doctor.needs import ACCOUNT, BUCKET, NEEDS, PROJECT, apis_of
from pipelines.vertex.doctor.wants import Wants
from pipelines.vertex.errors import translate_errors

QUOTA_USE = "serviceusage.services.use"
Check = Callable[[ProjectCalls, Wants], Iterator[Finding]]
MANAGER, IAM = "cloudresourcemanager.googleapis.com", "iam.googleapis.com"
STORAGE, REGISTRY = "storage.googleapis.com", "artifactregistry.googleapis.com"
VERTEX, KMS = "aiplatform.googleapis.com", "cloudkms.googleapis.com"


def checks_of(wants: Wants) -> list[tuple[str, tuple[str, ...], Check]]:
    """What is looked at, the APIs that answer, and the check."""
    checks: list[tuple[str, tuple[str, ...], Check]] = [
        ("the bucket", (STORAGE,), resources.check_bucket),
        ("the service account", (IAM,), resources.check_account),
    ]
    if wants.build:
        checks.append(("the registry", (REGISTRY,), resources.check_repository))
    if wants.key:
        checks.append(("the key", (KMS, MANAGER), resources.check_key))
    if wants.accelerator:
        checks.append(("the quota", (VERTEX,), resources.check_quota))
    checks += [
        ("your roles in the project", (MANAGER,), partial(roles.check_submitter, PROJECT)),
        ("your roles on the bucket", (STORAGE,), partial(roles.check_submitter, BUCKET)),
    ]
    if wants.account:
        checks += [
            ("your roles on the account", (IAM,), partial(roles.check_submitter, ACCOUNT)),
            ("the runs' roles in the project", (MANAGER, IAM), partial(roles.check_runs, PROJECT)),
            (
                "the runs' roles on the bucket",
                (MANAGER, IAM, STORAGE),
                partial(roles.check_runs, BUCKET),
            ),
            (
                "the runs' roles on their account",
                (MANAGER, IAM),
                partial(roles.check_runs, ACCOUNT),
            ),
        ]
    return checks


def examine(wants: Wants) -> list[Finding]:
    """What is missing, in the order in which it is best cured.

    Raises:
        TabularError: Google does not answer.
        InputError: it refuses a request as malformed.
    """
    if why := why_no_credentials():
        return [missing(f"there are no credentials: {why}", cures.LOGIN)]
    calls = ProjectCalls(wants.project, wants.region)
    with translate_errors(f"look at the project {wants.project}"):
        try:
            return list(_findings(calls, wants))
        except auth.RefreshError as error:
            why = " ".join(str(error.args[0] if error.args else error).split())
            return [missing(f"the credentials are not valid: {why}", cures.LOGIN)]


def _findings(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    apis = apis_of(wants)
    try:
        on = calls.enabled(apis)
    except exceptions.Forbidden as error:
        if found := _refused_quota(error, calls, wants):
            yield found  # every other call would be refused as well
            return
        if error.reason == "SERVICE_DISABLED":
            yield missing("the API serviceusage.googleapis.com is off", cures.enable(wants, apis))
            return
        yield unknown(f"which APIs are on: {error.message}")
        on = set(apis)
    for api in apis:
        if api not in on:
            yield missing(f"the API {api} is off", cures.enable(wants, [api]))
    for name, asked, check in checks_of(wants):
        if silent := [api for api in asked if api not in on]:
            yield unknown(
                f"{name}: {silent[0]}, which is off, would say",
                "tabpipe doctor, once it is on, sees it",
            )
            continue
        try:
            yield from check(calls, wants)
        except exceptions.Forbidden as error:
            yield unknown(f"{name}: {error.message}")


def _refused_quota(
    error: exceptions.Forbidden, calls: ProjectCalls, wants: Wants
) -> Finding | None:
    """A 403 that is about whose quota a call counts against."""
    if error.reason != "USER_PROJECT_DENIED" and QUOTA_USE not in str(error.message):
        return None
    (need,) = (need for need in NEEDS if need.permission == QUOTA_USE)
    member = roles.submitter_member(calls.email)
    return missing(
        f"{calls.email or need.holder} lacks {need.role} on the project {wants.project}: "
        f"{need.permission} ({need.why})",
        cures.grant(wants, need.scope, member, need.role),
    )

"""Whether the bucket, the account, the registry, the key and the quota are there.

A check raises Forbidden where the caller may not look.
"""

from collections.abc import Iterator

from google.api_core import exceptions

from pipelines.vertex.calls.projects import UNLIMITED, ProjectCalls
from pipelines.vertex.doctor import cures, needs, quotas
from pipelines.vertex.doctor.findings import Finding, missing, unknown
from pipelines.vertex.doctor.wants import Wants
from pipelines.vertex.images import REPOSITORY


def check_bucket(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """The bucket, and that it is in the region."""
    uri = f"gs://{wants.bucket}"
    try:
        location = calls.bucket_location(wants.bucket)
    except exceptions.NotFound:
        yield missing(f"the bucket {uri} does not exist", cures.bucket(wants).create)
        return
    if location != wants.region:
        # A bucket cannot be moved.
        another = cures.bucket(wants, f"{wants.bucket}-{wants.region}").create
        yield missing(f"the bucket {uri} must be in {wants.region}, got {location}", another)


def check_account(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """The service account of the runs."""
    if not wants.account:
        yield unknown(
            "service_account is not set: runs act as Google's default accounts, whose roles are "
            "not looked at",
            "tabpipe setup makes an account, and says what to set",
        )
        return
    try:
        account = calls.account(wants.account_project, wants.account)
    except exceptions.NotFound:
        yield missing(
            f"the service account {wants.account} does not exist", cures.account(wants).create
        )
        return
    if account.get("disabled"):
        yield missing(
            f"the service account {wants.account} is disabled",
            f"gcloud iam service-accounts enable {wants.account} --project={wants.account_project}",
        )


def check_repository(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """The registry to which an image is pushed."""
    try:
        calls.repository(REPOSITORY)
    except exceptions.NotFound:
        yield missing(
            f"the registry {REPOSITORY} does not exist in {wants.region}",
            cures.repository(wants).create,
        )


def check_key(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """The key, that it is in the region, and that Vertex AI may use it."""
    location = wants.key.split("/")[3]
    if location != wants.region:
        yield missing(
            f"the key {wants.key} must be in {wants.region}, got {location}",
            cures.key(wants).create,
        )
        return
    ring = wants.key.partition("/cryptoKeys/")[0]
    for what, name, thing in (("ring", ring, cures.ring), ("key", wants.key, cures.key)):
        try:
            calls.key(name)
        except exceptions.NotFound:
            yield missing(f"the {what} {name} does not exist", thing(wants).create)
            return
    agent = needs.AGENT.format(number=calls.project_number())
    for binding in calls.key_bindings(wants.key):
        if binding["role"] == needs.KEY_ROLE and f"serviceAccount:{agent}" in binding["members"]:
            return
    # A project that has not called Vertex AI yet has no agent.
    cure = f"{cures.make_agent(wants)} && {cures.grant_key(wants)}"
    yield missing(f"{agent} lacks {needs.KEY_ROLE} on the key", cure)


def check_quota(calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """The quota of the accelerators."""
    metric = quotas.metric(wants)
    try:
        limit = calls.quota(metric)
    except exceptions.NotFound:
        yield unknown(
            f"there is no quota named {metric}",
            "https://console.cloud.google.com/iam-admin/quotas lists those there are",
        )
        return
    if limit != UNLIMITED and limit < wants.count:
        yield missing(
            f"the quota {metric} in {wants.region} must be at least {wants.count}, got {limit}",
            cures.request_quota(wants),
        )

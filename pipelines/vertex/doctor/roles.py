"""Whether both accounts have the permissions of `needs`.

The caller's own are tested by Google, which knows of groups, folders and conditions. Those of the
runs' account can only be read: from the policies of the project, the bucket and the account, and
from what each role in them includes. A role from a folder, from a group or under a condition is
not seen so, and counts as missing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from google.api_core import exceptions

from pipelines.vertex.calls.projects import Bindings, ProjectCalls
from pipelines.vertex.doctor import cures
from pipelines.vertex.doctor.findings import Finding, missing
from pipelines.vertex.doctor.needs import (
    ACCOUNT,
    BUCKET,
    PROJECT,
    RUNS,
    SUBMITTER,
    Need,
    needs_of,
)
from pipelines.vertex.doctor.wants import Wants

MAX_NAMED = 3  # permissions of a role in one line


def check_submitter(scope: str, calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """What the caller may do on the project, the bucket or the runs' account."""
    needed = [need for need in needs_of(wants) if (need.holder, need.scope) == (SUBMITTER, scope)]
    names = [need.permission for need in needed]
    try:
        granted = _tested(calls, wants, scope, names)
    except exceptions.NotFound:  # said elsewhere; the cure holds once the thing exists
        granted = set()
    yield from _lacking(
        needed, granted, wants, calls.email or SUBMITTER, submitter_member(calls.email)
    )


def check_runs(scope: str, calls: ProjectCalls, wants: Wants) -> Iterator[Finding]:
    """What the runs' account may do on the project, the bucket or itself."""
    needed = [need for need in needs_of(wants) if (need.holder, need.scope) == (RUNS, scope)]
    member = f"serviceAccount:{wants.account}"
    bindings = [*calls.project_bindings()]  # what is granted there holds for all in it
    if scope != PROJECT:
        try:
            bindings += _read(calls, wants, scope)
        except exceptions.NotFound:
            bindings.clear()
    granted: set[str] = set()
    for binding in bindings:
        if member in binding["members"] and not binding.get("condition"):
            granted |= calls.role(binding["role"])
    yield from _lacking(needed, granted, wants, wants.account, member)


def submitter_member(email: str) -> str:
    """The caller as a member of a policy; a user as gcloud knows him."""
    return f"serviceAccount:{email}" if email else cures.THE_USER


def _tested(calls: ProjectCalls, wants: Wants, scope: str, names: Sequence[str]) -> set[str]:
    if scope == PROJECT:
        return calls.project_permissions(names)
    if scope == BUCKET:
        return calls.bucket_permissions(wants.bucket, names)
    return calls.account_permissions(wants.account_project, wants.account, names)


def _read(calls: ProjectCalls, wants: Wants, scope: str) -> Bindings:
    if scope == BUCKET:
        return calls.bucket_bindings(wants.bucket)
    return calls.account_bindings(wants.account_project, wants.account)


def _lacking(
    needed: Sequence[Need], granted: Collection[str], wants: Wants, who: str, member: str
) -> Iterator[Finding]:
    """A finding for each role, with the permissions that it would bring."""
    lacking: dict[str, list[Need]] = defaultdict(list)
    for need in needed:
        if need.permission not in granted:
            lacking[need.role].append(need)
    places = {PROJECT: wants.project, BUCKET: f"gs://{wants.bucket}", ACCOUNT: wants.account}
    for role, each in lacking.items():
        named = [f"{need.permission} ({need.why})" for need in each[:MAX_NAMED]]
        more = f" and {len(each) - MAX_NAMED} more" if len(each) > MAX_NAMED else ""
        scope = each[0].scope
        yield missing(
            f"{who} lacks {role} on the {scope} {places[scope]}: {', '.join(named)}{more}",
            cures.grant(wants, scope, member, role),
        )

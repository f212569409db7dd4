"""A shell script that makes what `tabpipe doctor` asks for; it can be run again: tabpipe setup

It is made of the same commands and the same table, so the two agree.
"""

from collections.abc import Iterator
from dataclasses import replace

from pipelines.vertex.doctor import cures
from pipelines.vertex.doctor.needs import SUBMITTER, apis_of, needs_of
from pipelines.vertex.doctor.wants import Wants

ACCOUNT = "vertex-tabular"  # where no account is set
HEAD = """\
#!/bin/sh
# Prepares the project {project} for tabpipe: sh FILE [MEMBER]
#
# MEMBER is the account that submits, for example user:ada@example.com; by default the one with
# which gcloud is logged in. The script can be run again: it does not change what exists.
set -eu
member="${{1:-{the_user}}}"
"""


def make_script(wants: Wants) -> str:
    """The script, for sh."""
    wants = replace(
        wants, account=wants.account or f"{ACCOUNT}@{wants.project}.iam.gserviceaccount.com"
    )
    head = HEAD.format(project=wants.project, the_user=cures.THE_USER)
    end = f"""echo 'In tabpipe.toml: service_account = "{wants.account}"'"""
    return "\n".join([head, *_commands(wants), "", end, ""])


def _commands(wants: Wants) -> Iterator[str]:
    yield cures.enable(wants, apis_of(wants))
    resources = [cures.bucket(wants), cures.account(wants)]
    if wants.build:
        resources.append(cures.repository(wants))
    if wants.key:
        resources += [cures.ring(wants), cures.key(wants)]
    for resource in resources:
        yield f"{resource.describe} >/dev/null 2>&1 ||\n  {resource.create}"
    granted = [(need.holder, need.scope, need.role) for need in needs_of(wants)]
    for holder, scope, role in dict.fromkeys(granted):
        member = "$member" if holder == SUBMITTER else f"serviceAccount:{wants.account}"
        yield cures.grant(wants, scope, member, role)
    if wants.key:
        yield cures.make_agent(wants)
        yield cures.grant_key(wants)

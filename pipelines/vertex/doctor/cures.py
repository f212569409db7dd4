"""The gcloud commands that make what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.vertex.doctor import needs, quotas
from pipelines.vertex.doctor.wants import Wants
from pipelines.vertex.images import REPOSITORY

AGENT = needs.AGENT.format(number="$(gcloud projects describe {0} --format='value(projectNumber)')")
LOGIN = "gcloud auth application-default login"
THE_USER = "user:$(gcloud config get-value account)"


@dataclass(frozen=True)
class Resource:
    """A thing that exists or not.

    Attributes:
        describe: the command that succeeds if it exists.
        create: the command that makes it.
    """

    describe: str
    create: str


def enable(wants: Wants, apis: Sequence[str]) -> str:
    """Switches APIs on."""
    return f"gcloud services enable {' '.join(apis)} --project={wants.project}"


def bucket(wants: Wants, name: str = "") -> Resource:
    """The bucket, in the region: Vertex AI does not train from dual- and multi-region buckets."""
    uri = f"gs://{name or wants.bucket}"
    return Resource(
        f"gcloud storage buckets describe {uri}",
        f"gcloud storage buckets create {uri} --project={wants.project} --location={wants.region} "
        "--uniform-bucket-level-access --public-access-prevention",
    )


def account(wants: Wants) -> Resource:
    """The service account of the runs."""
    project = f"--project={wants.account_project}"
    return Resource(
        f"gcloud iam service-accounts describe {wants.account} {project}",
        f"gcloud iam service-accounts create {wants.account.partition('@')[0]} {project}",
    )


def repository(wants: Wants) -> Resource:
    """The registry of the images."""
    place = f"{REPOSITORY} --project={wants.project} --location={wants.region}"
    return Resource(
        f"gcloud artifacts repositories describe {place}",
        f"gcloud artifacts repositories create {place} --repository-format=docker",
    )


def key(wants: Wants) -> Resource:
    """The customer-managed key, in the run's region."""
    parts = wants.key.split("/")
    place = f"{parts[7]} --keyring={parts[5]} --location={wants.region} --project={parts[1]}"
    return Resource(
        f"gcloud kms keys describe {place}", f"gcloud kms keys create {place} --purpose=encryption"
    )


def ring(wants: Wants) -> Resource:
    """The key's ring, in the run's region."""
    parts = wants.key.split("/")
    place = f"{parts[5]} --location={wants.region} --project={parts[1]}"
    return Resource(f"gcloud kms keyrings describe {place}", f"gcloud kms keyrings create {place}")


def grant(wants: Wants, scope: str, member: str, role: str) -> str:
    """Grants a role; `member` may have shell's $ in it."""
    to = f'--member="{member}" --role={role} --condition=None --format=none'
    match scope:
        case needs.PROJECT:
            return f"gcloud projects add-iam-policy-binding {wants.project} {to}"
        case needs.BUCKET:
            return f"gcloud storage buckets add-iam-policy-binding gs://{wants.bucket} {to}"
        case _:
            return (
                f"gcloud iam service-accounts add-iam-policy-binding {wants.account} "
                f"--project={wants.account_project} {to}"
            )


def grant_key(wants: Wants) -> str:
    """Lets Vertex AI encrypt with the key."""
    member = f"serviceAccount:{AGENT.format(wants.project)}"
    return (
        f"gcloud kms keys add-iam-policy-binding {wants.key} "
        f'--member="{member}" --role={needs.KEY_ROLE} --format=none'
    )


def make_agent(wants: Wants) -> str:
    """Makes the agent that encrypts: a project has it from its first call of Vertex AI on."""
    return (
        "gcloud beta services identity create --service=aiplatform.googleapis.com "
        f"--project={wants.project} --format=none"
    )


def request_quota(wants: Wants) -> str:
    """Asks Google for more GPUs."""
    return (
        "gcloud beta quotas preferences create --service=aiplatform.googleapis.com "
        f"--quota-id={quotas.quota_id(wants)} --preferred-value={wants.count} "
        f"--dimensions=region={wants.region} --project={wants.project}"
    )

"""What the calls of this product need: APIs, and permissions with the role that has each.

https://cloud.google.com/vertex-ai/docs/general/iam-permissions
https://cloud.google.com/storage/docs/access-control/iam-permissions
https://cloud.google.com/build/docs/iam-roles-permissions
https://cloud.google.com/artifact-registry/docs/access-control
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.vertex.doctor.wants import Wants

SUBMITTER, RUNS = "the account that submits", "the account of the runs"
PROJECT, BUCKET, ACCOUNT = "project", "bucket", "service account"  # on which a role is granted
# A member of a key's policy: the agent encrypts, not the account of the runs.
# https://cloud.google.com/vertex-ai/docs/general/cmek#grant-permissions
AGENT = "service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
KEY_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def _always(wants: Wants) -> bool:
    return True


def _build(wants: Wants) -> bool:
    return wants.build


def _image(wants: Wants) -> bool:
    return wants.image or wants.build


def _accelerator(wants: Wants) -> bool:
    return bool(wants.accelerator)


def _key(wants: Wants) -> bool:
    return bool(wants.key)


When = Callable[[Wants], bool]
APIS: Mapping[str, When] = {
    "serviceusage.googleapis.com": _always,
    "cloudresourcemanager.googleapis.com": _always,
    "iam.googleapis.com": _always,
    "storage.googleapis.com": _always,
    "aiplatform.googleapis.com": _always,
    "logging.googleapis.com": _always,
    "artifactregistry.googleapis.com": _image,
    "cloudbuild.googleapis.com": _build,
    "cloudkms.googleapis.com": _key,
}


@dataclass(frozen=True)
class Need:
    """A permission.

    Attributes:
        holder: SUBMITTER or RUNS.
        scope: PROJECT, BUCKET or ACCOUNT: the smallest resource on which it can be granted.
        permission: its name.
        role: the narrowest predefined role that has it.
        why: what calls it.
        when: whether it is needed for what is wanted.
    """

    holder: str
    scope: str
    permission: str
    role: str
    why: str
    when: When = _always


_USER, _OBJECTS = "roles/aiplatform.user", "roles/storage.objectUser"
_ACT_AS = "roles/iam.serviceAccountUser"
_CONSUMER = "roles/serviceusage.serviceUsageConsumer"
_EDITOR = "roles/cloudbuild.builds.editor"
_READER, _WRITER = "roles/artifactregistry.reader", "roles/artifactregistry.writer"
NEEDS = (
    Need(SUBMITTER, PROJECT, "serviceusage.services.use", _CONSUMER, "every call's quota"),
    Need(SUBMITTER, PROJECT, "serviceusage.services.get", _CONSUMER, "doctor"),
    Need(SUBMITTER, PROJECT, "serviceusage.quotas.get", _CONSUMER, "doctor", _accelerator),
    Need(SUBMITTER, PROJECT, "aiplatform.pipelineJobs.create", _USER, "submit"),
    Need(SUBMITTER, PROJECT, "aiplatform.pipelineJobs.get", _USER, "show"),
    Need(SUBMITTER, PROJECT, "aiplatform.pipelineJobs.list", _USER, "runs"),
    Need(SUBMITTER, PROJECT, "aiplatform.pipelineJobs.cancel", _USER, "cancel"),
    Need(SUBMITTER, PROJECT, "aiplatform.customJobs.get", _USER, "show"),
    Need(SUBMITTER, PROJECT, "aiplatform.schedules.create", _USER, "schedule apply"),
    Need(SUBMITTER, PROJECT, "aiplatform.schedules.get", _USER, "schedule show"),
    Need(SUBMITTER, PROJECT, "aiplatform.schedules.list", _USER, "schedule list"),
    Need(SUBMITTER, PROJECT, "aiplatform.schedules.update", _USER, "schedule pause"),
    Need(SUBMITTER, PROJECT, "aiplatform.schedules.delete", _USER, "schedule delete"),
    Need(SUBMITTER, PROJECT, "aiplatform.metadataStores.create", _USER, "submit --experiment"),
    Need(SUBMITTER, PROJECT, "aiplatform.metadataStores.get", _USER, "submit --experiment"),
    Need(SUBMITTER, PROJECT, "aiplatform.contexts.create", _USER, "submit --experiment"),
    Need(SUBMITTER, PROJECT, "aiplatform.contexts.get", _USER, "submit --experiment"),
    Need(
        SUBMITTER, PROJECT, "aiplatform.contexts.addContextChildren", _USER, "submit --experiment"
    ),
    Need(SUBMITTER, PROJECT, "logging.logEntries.list", "roles/logging.viewer", "logs"),
    Need(SUBMITTER, PROJECT, "cloudbuild.builds.create", _EDITOR, "image build", _build),
    Need(SUBMITTER, PROJECT, "cloudbuild.builds.get", _EDITOR, "image build", _build),
    Need(SUBMITTER, BUCKET, "storage.objects.create", _OBJECTS, "submit"),
    Need(SUBMITTER, BUCKET, "storage.objects.get", _OBJECTS, "fetch"),
    Need(SUBMITTER, BUCKET, "storage.objects.list", _OBJECTS, "compare"),
    Need(SUBMITTER, BUCKET, "storage.objects.delete", _OBJECTS, "clean"),
    Need(SUBMITTER, ACCOUNT, "iam.serviceAccounts.actAs", _ACT_AS, "submit --service-account"),
    Need(RUNS, PROJECT, "aiplatform.customJobs.create", _USER, "the training step"),
    Need(RUNS, PROJECT, "aiplatform.customJobs.get", _USER, "the training step"),
    Need(RUNS, PROJECT, "aiplatform.customJobs.cancel", _USER, "the training step"),
    Need(RUNS, PROJECT, "logging.logEntries.create", "roles/logging.logWriter", "each step's log"),
    Need(
        RUNS,
        PROJECT,
        "artifactregistry.repositories.downloadArtifacts",
        _READER,
        "each step's image",
        _image,
    ),
    Need(
        RUNS,
        PROJECT,
        "artifactregistry.repositories.uploadArtifacts",
        _WRITER,
        "image build",
        _build,
    ),
    Need(RUNS, BUCKET, "storage.objects.create", _OBJECTS, "each step's files"),
    Need(RUNS, BUCKET, "storage.objects.get", _OBJECTS, "each step's files"),
    Need(RUNS, BUCKET, "storage.objects.list", _OBJECTS, "each step's files"),
    Need(RUNS, BUCKET, "storage.objects.delete", _OBJECTS, "each step's files"),
    # The training step starts a job that has the same account.
    Need(RUNS, ACCOUNT, "iam.serviceAccounts.actAs", _ACT_AS, "the training step"),
)


def apis_of(wants: Wants) -> list[str]:
    """The APIs that are called."""
    return [name for name, when in APIS.items() if when(wants)]


def needs_of(wants: Wants) -> list[Need]:
    """The permissions that are needed. Without an account of the user's own, those of an account
    and on it are left out: Google gives its default accounts their roles."""
    needed = [need for need in NEEDS if need.when(wants)]
    if wants.account:
        return needed
    return [need for need in needed if need.holder == SUBMITTER and need.scope != ACCOUNT]

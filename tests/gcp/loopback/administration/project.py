"""What the project has, and who may do what in it."""

from collections.abc import Iterable
from typing import Any

from tests.gcp.loopback.administration.roles import INSPECTOR, ROLES
from tests.gcp.loopback.credentials import TOKEN, USER_TOKEN
from tests.gcp.loopback.names import PROJECT, PROJECT_NUMBER, REGION

TESTER = f"serviceAccount:tester@{PROJECT}.iam.gserviceaccount.com"
MEMBERS = {f"Bearer {TOKEN}": TESTER, f"Bearer {USER_TOKEN}": "user:ada@example.com"}
APIS = {
    f"{name}.googleapis.com"
    for name in (
        "aiplatform",
        "artifactregistry",
        "cloudbuild",
        "cloudkms",
        "cloudresourcemanager",
        "iam",
        "logging",
        "serviceusage",
        "storage",
    )
}
TRAINER = f"trainer@{PROJECT}.iam.gserviceaccount.com"
AGENT = f"service-{PROJECT_NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com"
RING = f"projects/{PROJECT}/locations/{REGION}/keyRings/ring"
KEY = f"{RING}/cryptoKeys/key"
THE_PROJECT = f"projects/{PROJECT}"
TO_SUBMIT = ("aiplatform.user", "logging.viewer", "cloudbuild.builds.editor")
TO_RUN = ("aiplatform.user", "logging.logWriter", "artifactregistry.reader")


def of_bucket(name: str) -> str:
    """The resource that is a bucket."""
    return f"buckets/{name}"


def of_account(email: str) -> str:
    """The resource that is a service account."""
    return f"{THE_PROJECT}/serviceAccounts/{email}"


class Administration:
    """The set-up, to be changed by a test.

    Attributes:
        apis: names of the APIs that are on.
        policies: resource → its bindings, in the form of the API.
        resources: service accounts, registries, rings and keys by their names.
        quotas: metric → quota buckets, in the form of the API.
    """

    def __init__(self, bucket: str) -> None:
        self.apis: set[str] = set()
        self.policies: dict[str, list[dict[str, Any]]] = {}
        self.resources: set[str] = set()
        self.quotas: dict[str, list[dict[str, Any]]] = {}
        self._bucket = bucket
        self.complete()

    def clear(self) -> None:
        """The project is new: its maker may look at all of it and use it."""
        self.apis = {"serviceusage.googleapis.com", "storage.googleapis.com"}
        self.apis |= {"cloudresourcemanager.googleapis.com", "iam.googleapis.com"}
        self.policies, self.resources = {}, set()
        self.grant(THE_PROJECT, TESTER, INSPECTOR)
        self.grant(THE_PROJECT, TESTER, "roles/serviceusage.serviceUsageConsumer")

    def complete(self) -> None:
        """The project has all that a run, with or without an image, needs."""
        self.clear()
        self.apis |= APIS
        trainer = f"serviceAccount:{TRAINER}"
        self.resources |= {of_account(TRAINER), RING, KEY}
        self.resources.add(f"{THE_PROJECT}/locations/{REGION}/repositories/images")
        for role in TO_SUBMIT:
            self.grant(THE_PROJECT, TESTER, f"roles/{role}")
        for role in (*TO_RUN, "artifactregistry.writer"):
            self.grant(THE_PROJECT, trainer, f"roles/{role}")
        for member in (TESTER, trainer):
            self.grant(of_bucket(self._bucket), member, "roles/storage.objectUser")
            self.grant(of_account(TRAINER), member, "roles/iam.serviceAccountUser")
        agent = f"serviceAccount:{AGENT}"
        self.grant(KEY, agent, "roles/cloudkms.cryptoKeyEncrypterDecrypter")
        limits: list[dict[str, Any]] = [{"effectiveLimit": "0", "defaultLimit": "0"}]
        limits += [{"effectiveLimit": "2", "dimensions": {"region": REGION}}]
        self.quotas = {"aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus": limits}

    def grant(self, resource: str, member: str, role: str, **binding: Any) -> None:
        """Adds a binding."""
        added = {"role": role, "members": [member], **binding}
        self.policies.setdefault(resource, []).append(added)

    def revoke(self, resource: str, member: str, role: str) -> None:
        """Takes a binding away, which must be there."""
        self.policies[resource].remove({"role": role, "members": [member]})

    def allowed(self, member: str, resource: str, permissions: Iterable[str]) -> list[str]:
        """Those of the permissions that a member has on a resource or in the project."""
        held: set[str] = set()
        for place in {resource, THE_PROJECT}:
            for binding in self.policies.get(place, []):
                if member in binding["members"] and not binding.get("condition"):
                    held |= ROLES[binding["role"]]
        return [permission for permission in permissions if permission in held]

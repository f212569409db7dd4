"""The part of Google's predefined roles that matters here.

https://cloud.google.com/iam/docs/roles-permissions
"""

from tests.gcp.loopback import permissions

# A role of the project's own: all may be read.
INSPECTOR = "projects/loopback-project/roles/inspector"
ROLES: dict[str, set[str]] = {
    "roles/logging.logWriter": {"logging.logEntries.create", "logging.logEntries.route"},
    "roles/artifactregistry.reader": {
        "artifactregistry.repositories.get",
        "artifactregistry.repositories.downloadArtifacts",
    },
    "roles/artifactregistry.writer": {
        "artifactregistry.repositories.get",
        "artifactregistry.repositories.downloadArtifacts",
        "artifactregistry.repositories.uploadArtifacts",
    },
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": {"cloudkms.cryptoKeyVersions.useToEncrypt"},
    "roles/editor": {"aiplatform.customJobs.create", "logging.logEntries.create"},
    INSPECTOR: {
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "iam.roles.get",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getIamPolicy",
        "storage.buckets.get",
        "storage.buckets.getIamPolicy",
        "artifactregistry.repositories.get",
        "cloudkms.keyRings.get",
        "cloudkms.cryptoKeys.get",
        "cloudkms.cryptoKeys.getIamPolicy",
    },
}
for _permission, _role in permissions.ROLES.items():
    ROLES.setdefault(_role, set()).add(_permission)
ROLES["roles/aiplatform.user"] |= {"aiplatform.customJobs.cancel", "resourcemanager.projects.get"}
ROLES["roles/cloudbuild.builds.editor"] |= {"cloudbuild.builds.get"}
ROLES["roles/iam.serviceAccountUser"] |= {"iam.serviceAccounts.get"}
ROLES["roles/serviceusage.serviceUsageConsumer"] |= {
    "serviceusage.services.get",
    "serviceusage.quotas.get",
}

"""Which permission each call needs, and which predefined role has it.

https://cloud.google.com/vertex-ai/docs/general/iam-permissions
https://cloud.google.com/storage/docs/access-control/iam-json
"""

import re

ROLES = {
    "aiplatform.pipelineJobs.create": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.get": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.list": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.cancel": "roles/aiplatform.user",
    "aiplatform.schedules.create": "roles/aiplatform.user",
    "aiplatform.schedules.get": "roles/aiplatform.user",
    "aiplatform.schedules.list": "roles/aiplatform.user",
    "aiplatform.schedules.update": "roles/aiplatform.user",
    "aiplatform.schedules.delete": "roles/aiplatform.user",
    "aiplatform.customJobs.create": "roles/aiplatform.user",
    "aiplatform.customJobs.get": "roles/aiplatform.user",
    "aiplatform.contexts.create": "roles/aiplatform.user",
    "aiplatform.contexts.get": "roles/aiplatform.user",
    "aiplatform.contexts.addContextChildren": "roles/aiplatform.user",
    "aiplatform.metadataStores.create": "roles/aiplatform.user",
    "aiplatform.metadataStores.get": "roles/aiplatform.user",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "cloudbuild.builds.create": "roles/cloudbuild.builds.editor",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "logging.logEntries.list": "roles/logging.viewer",
    "storage.objects.create": "roles/storage.objectUser",
    "storage.objects.get": "roles/storage.objectUser",
    "storage.objects.list": "roles/storage.objectUser",
    "storage.objects.delete": "roles/storage.objectUser",
}
METHODS = {
    "CreatePipelineJob": "aiplatform.pipelineJobs.create",
    "GetPipelineJob": "aiplatform.pipelineJobs.get",
    "ListPipelineJobs": "aiplatform.pipelineJobs.list",
    "CancelPipelineJob": "aiplatform.pipelineJobs.cancel",
    "CreateSchedule": "aiplatform.schedules.create",
    "GetSchedule": "aiplatform.schedules.get",
    "ListSchedules": "aiplatform.schedules.list",
    "UpdateSchedule": "aiplatform.schedules.update",
    "PauseSchedule": "aiplatform.schedules.update",
    "ResumeSchedule": "aiplatform.schedules.update",
    "DeleteSchedule": "aiplatform.schedules.delete",
    "CreateContext": "aiplatform.contexts.create",
    "GetContext": "aiplatform.contexts.get",
    "AddContextChildren": "aiplatform.contexts.addContextChildren",
    "CreateMetadataStore": "aiplatform.metadataStores.create",
    "GetMetadataStore": "aiplatform.metadataStores.get",
    "CreateCustomJob": "aiplatform.customJobs.create",
    "GetCustomJob": "aiplatform.customJobs.get",
}
STORAGE = (
    # The client reads it for its traces, and does without where that is not allowed.
    ("GET", r"/storage/v1/b/[^/]+", ""),
    ("POST", r"/upload/storage/v1/b/[^/]+/o", "storage.objects.create"),
    ("GET", r"/storage/v1/b/[^/]+/o", "storage.objects.list"),
    ("GET", r"(/download)?/storage/v1/b/[^/]+/o/.+", "storage.objects.get"),
    ("DELETE", r"/storage/v1/b/[^/]+/o/.+", "storage.objects.delete"),
)


def of_storage(command: str, path: str) -> str:
    """The permission that a request to Cloud Storage needs, if any."""
    for method, pattern, permission in STORAGE:
        if command == method and re.fullmatch(pattern, path.partition("?")[0]):
            return permission
    raise LookupError(f"{command} {path}")

"""ResourceManager's Projects: the SDK asks it whether a bucket belongs to the project."""

import grpc
from google.cloud import resourcemanager_v3 as resourcemanager

from tests.gcp.loopback import names
from tests.gcp.loopback.rpc import Methods, Refused

SERVICE = "google.cloud.resourcemanager.v3.Projects"


def methods() -> Methods:
    return {"GetProject": (resourcemanager.GetProjectRequest, get)}


def get(request: resourcemanager.GetProjectRequest) -> resourcemanager.Project:
    if request.name.removeprefix("projects/") not in (names.PROJECT, names.PROJECT_NUMBER):
        raise Refused(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
    return resourcemanager.Project(
        name=f"projects/{names.PROJECT_NUMBER}",
        project_id=names.PROJECT,
        state=resourcemanager.Project.State.ACTIVE,
    )

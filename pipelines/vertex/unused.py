"""Uploaded packages that nothing uses any more."""

import datetime
import json

from pipelines.vertex.client import Vertex
from trainer.uri import join


def unused_packages(vertex: Vertex, bucket: str, days: int) -> dict[str, int]:
    """Packages older than so many days that no schedule and no run that has not ended uses.

    Returns:
        URI → size in bytes.
    """
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    packages = {
        uri: size
        for uri, (size, created) in vertex.objects(join(bucket, "packages/")).items()
        if created < before
    }
    if not packages:
        return {}
    used = "\n".join(
        [json.dumps(schedule) for schedule in vertex.schedules()]
        + [json.dumps(spec) for spec in vertex.unfinished_specs()]
    )
    return {uri: size for uri, size in packages.items() if _directory(uri) not in used}


def _directory(uri: str) -> str:
    """The directory named for the package's content, in a form that gs:// and /gcs/ share."""
    return uri.removeprefix("gs://").rpartition("/")[0]

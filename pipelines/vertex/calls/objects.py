"""Calls of Cloud Storage, by gs:// URI."""

import datetime
from pathlib import Path
from typing import Any

import google.cloud.storage as storage
from google.api_core import exceptions

from pipelines.vertex.calls.connection import Connection
from pipelines.vertex.errors import translate_errors
from trainer.errors import InputError
from trainer.uri import SCHEME, Uri, join


class ObjectCalls(Connection):
    """Objects: sizes, uploads, downloads, lists, deletions."""

    def __init__(self, project: str, region: str) -> None:
        super().__init__(project, region)
        with translate_errors("reach Google Cloud"):
            self._storage = storage.Client(project=project, credentials=self.credentials)

    def size(self, uri: str) -> int:
        """The size of an object, in bytes.

        Raises:
            InputError: there is no such object.
        """
        with translate_errors(f"read {uri}"):
            blob = self._storage.bucket(Uri(uri).bucket).get_blob(Uri(uri).name)
        if blob is None:
            raise InputError(f"an input must be a file, got {uri}: there is no such object")
        return int(blob.size)

    def upload_once(self, content: bytes, uri: str) -> bool:
        """Writes an object unless one of that name exists; returns whether it was written."""
        with translate_errors(f"write {uri}"):
            blob = self._blob(uri)
            if blob.exists():
                return False
            try:  # another process may write it at this moment
                blob.upload_from_string(content, if_generation_match=0)
            except exceptions.PreconditionFailed:
                return False
        return True

    def objects(self, prefix: str) -> dict[str, tuple[int, datetime.datetime]]:
        """The objects whose URIs begin with `prefix`: URI → size in bytes, time of creation."""
        where = Uri(prefix)
        root = f"{SCHEME}{where.bucket}"
        with translate_errors(f"list {prefix}"):
            blobs = self._storage.list_blobs(where.bucket, prefix=where.name)
            return {join(root, b.name): (int(b.size), b.time_created) for b in blobs}

    def download(self, uri: str, path: Path) -> None:
        """Copies an object to `path`; Google's client verifies its checksum."""
        with translate_errors(f"read {uri}"):
            self._blob(uri).download_to_filename(str(path))

    def delete_object(self, uri: str) -> None:
        """Deletes an object."""
        with translate_errors(f"delete {uri}"):
            self._blob(uri).delete()

    def _blob(self, uri: str) -> Any:
        where = Uri(uri)
        return self._storage.bucket(where.bucket).blob(where.name)

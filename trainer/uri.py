"""Where a file is: `gs://bucket/name` on Cloud Storage, or a path of this machine.

A URI travels as a str, because `Path("gs://b/x")` becomes `gs:/b/x`; `Uri` reads its parts.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import InputError

SCHEME = "gs://"


@dataclass(frozen=True)
class Uri:
    """A URI by its parts; `str(Uri(text))` is `text`."""

    text: str

    @property
    def is_cloud(self) -> bool:
        """Whether it is on Cloud Storage."""
        return self.text.startswith(SCHEME)

    @property
    def bucket(self) -> str:
        """The bucket's name; empty for a path of this machine."""
        return self._parts[0]

    @property
    def name(self) -> str:
        """The object's name in its bucket; of a path of this machine, the path."""
        return self._parts[1]

    @property
    def parent(self) -> str:
        """The URI of the directory that it is in."""
        return self.text.rstrip("/").rpartition("/")[0]

    @property
    def path(self) -> Path:
        """The path at which this machine reads and writes it.

        Vertex mounts every bucket below `/gcs` in components and custom jobs
        (https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system).

        Raises:
            InputError: it is on Cloud Storage and no bucket is mounted here, or it would lead out
                of its bucket.
        """
        if not self.is_cloud:
            return Path(self.text)
        leaves = self.bucket in ("", ".", "..") or {".", ".."} & set(self.name.split("/"))
        if leaves or self.name.startswith("/"):
            raise InputError(
                f"gs:// must name a file of a bucket, without //, . and .., got {self.text}"
            )
        if not mount().is_dir():
            raise InputError(
                f"gs:// needs Cloud Storage mounted at {mount()}, as Vertex AI does, got "
                f"{self.text}; here, copy the file first: gcloud storage cp"
            )
        return mount() / self.bucket / self.name

    @property
    def absolute(self) -> str:
        """The URI in full: a relative path gets its directory."""
        return self.text if self.is_cloud else str(Path(self.text).resolve())

    @property
    def _parts(self) -> tuple[str, str]:
        if not self.is_cloud:
            return "", self.text
        bucket, _, name = self.text.removeprefix(SCHEME).partition("/")
        return bucket, name

    def __str__(self) -> str:
        return self.text


def join(uri: str, name: str) -> str:
    """`name` inside the directory `uri`."""
    return f"{uri.rstrip('/')}/{name}"


def mount() -> Path:
    """Where the buckets of Cloud Storage are directories: /gcs, as on Vertex AI, or, on a machine
    where gcsfuse put them elsewhere, where the environment variable TABPIPE_GCS says."""
    return Path(os.environ.get("TABPIPE_GCS", "/gcs"))


def local_path(uri: str) -> Path:
    """`Uri(uri).path`."""
    return Uri(uri).path


def input_file(uri: str) -> Path:
    """The path of a file that is to be read.

    Raises:
        InputError: there is no such file, or it is a directory.
    """
    path = local_path(uri)
    try:
        if path.is_file():
            return path
        problem = "there is no such file"
        if path.exists():
            problem = "it is a directory" if path.is_dir() else "it is a pipe or a device"
    except OSError as error:  # as of a name that is too long
        problem = str(error.strerror)
    raise InputError(f"an input must be a file, got {uri}: {problem}")

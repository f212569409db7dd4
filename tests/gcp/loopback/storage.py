"""Cloud Storage: gcp-storage-emulator, and the directory that shows it to the steps as /gcs."""

import json
import threading
from functools import partial
from http.server import HTTPServer
from pathlib import Path

import google.cloud.storage as storage
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage
from google.auth.credentials import AnonymousCredentials

from tests.gcp.loopback.administration.rest import Rest
from tests.gcp.loopback.credentials import QUOTA_PROJECT


class Emulator(HTTPServer):
    """The emulator on a free port; nothing it holds outlives it.

    Attributes:
        calls: method and path of every request.
        quota_projects: whose quota requests with credentials count against, as their callers say.
        rest: who may do what with a bucket.
    """

    def __init__(self, project_number: str, rest: Rest) -> None:
        self.rest = rest
        self.calls: list[tuple[str, str]] = []
        self.quota_projects: set[str] = set()
        self._held = Storage(use_memory_fs=True, project_number=project_number)
        super().__init__(("127.0.0.1", 0), partial(_RecordingHandler, self._held))

    @property
    def url(self) -> str:
        """For STORAGE_EMULATOR_HOST."""
        return f"http://127.0.0.1:{self.server_port}"

    def locate(self, bucket: str, location: str) -> None:
        """Puts a bucket into a region; the emulator makes all in the multi-region US."""
        content = {"location": location, "locationType": "region"}
        self._held.create_bucket(bucket, {**self._held.buckets[bucket], **content})

    def has(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        return bucket in self._held.buckets


class _RecordingHandler(RequestHandler):  # type: ignore[misc]
    def do_GET(self) -> None:
        bucket = (self.path.partition("?")[0].split("/") + [""] * 5)[4]
        sender = self.headers.get("authorization", "")
        answer = self.server.rest.bucket("GET", self.path, sender)
        if answer is None or not self.server.has(bucket):
            super().do_GET()
            return
        status, content = answer
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        self.server.calls.append((self.command, self.path))
        if "authorization" in self.headers:
            self.server.quota_projects.add(self.headers.get(QUOTA_PROJECT, ""))


class Mount:
    """A directory with the content of every bucket, as Vertex mounts them below /gcs.

    It is brought up to date before a job starts and after it ends, which is when another
    machine's files would be visible.
    """

    def __init__(self, url: str, directory: Path, project: str) -> None:
        self.directory = directory
        self._client = storage.Client(
            project=project,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": url},
        )
        self._lock = threading.Lock()
        self._generations: dict[Path, int] = {}  # of the object that a file was read from
        self._stamps: dict[Path, int] = {}  # modification time of a file that is in its bucket

    def create_bucket(self, name: str) -> None:
        self._client.create_bucket(name)

    def write(self, uri: str, content: bytes) -> None:
        """Puts an object where `uri` says."""
        storage.Blob.from_uri(uri, self._client).upload_from_string(content)

    def read(self, uri: str) -> bytes:
        content: bytes = storage.Blob.from_uri(uri, self._client).download_as_bytes()
        return content

    def delete(self, uri: str) -> None:
        storage.Blob.from_uri(uri, self._client).delete()

    def uris(self, prefix: str) -> list[str]:
        """The objects whose URI begins with `prefix`, a gs:// URI."""
        bucket, _, name = prefix.removeprefix("gs://").partition("/")
        blobs = self._client.list_blobs(bucket, prefix=name)
        return sorted(f"gs://{bucket}/{blob.name}" for blob in blobs)

    def pull(self) -> None:
        """Objects that changed become files."""
        with self._lock:
            for bucket in self._client.list_buckets():
                for blob in self._client.list_blobs(bucket):
                    path = self.directory / bucket.name / blob.name
                    if self._generations.get(path) == blob.generation:
                        continue
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(blob.download_as_bytes())
                    self._generations[path] = blob.generation
                    self._stamps[path] = path.stat().st_mtime_ns

    def push(self) -> None:
        """Files that changed become objects."""
        with self._lock:
            for path in sorted(self.directory.rglob("*")):
                if not path.is_file() or self._stamps.get(path) == path.stat().st_mtime_ns:
                    continue
                bucket, *parts = path.relative_to(self.directory).parts
                stamp = path.stat().st_mtime_ns
                blob = self._client.bucket(bucket).blob("/".join(parts))
                blob.upload_from_string(path.read_bytes())
                self._generations[path], self._stamps[path] = blob.generation, stamp

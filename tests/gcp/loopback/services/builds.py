"""Cloud Build, over HTTPS: it checks a build, and does of it what can be done without Docker.

Of a Dockerfile that is: what COPY names must be in the context, and RUN must be shell. That the RUN
lines work in an empty environment is in tests/test_image.py, which needs a package index.
"""

import hashlib
import io
import json
import re
import ssl
import subprocess
import tarfile
import uuid
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.gcp.loopback.names import PROJECT
from tests.gcp.loopback.services.logs import Logs
from tests.gcp.loopback.storage import Mount

FIELDS = {"source", "steps", "images", "options", "timeout", "serviceAccount"}
IMAGE = re.compile(rf"[a-z0-9-]+-docker\.pkg\.dev/{PROJECT}/[a-z-]+/[\w.-]+:[\w.-]+")
ACCOUNT = re.compile(rf"projects/{PROJECT}/serviceAccounts/\S+@\S+\.gserviceaccount\.com")


class BuildService:
    """The builds.

    Attributes:
        builds: every build by its id, as it ends.
        failure: why the next build fails; empty if it does not.
    """

    def __init__(self, mount: Mount, logs: Logs, directory: Path) -> None:
        self.builds: dict[str, dict[str, Any]] = {}
        self.failure = ""
        self._looked: set[str] = set()
        self._mount, self._logs, self._directory = mount, logs, directory

    def create(self, build: dict[str, Any]) -> dict[str, Any]:
        """
        Raises:
            ValueError: Cloud Build would refuse it.
        """
        if unknown := build.keys() - FIELDS:
            raise ValueError(f"Unknown name {sorted(unknown)[0]!r}: Cannot find field.")
        if not all(map(IMAGE.fullmatch, build["images"])):
            raise ValueError(f"invalid image name {build['images']}")
        account = build.get("serviceAccount")
        if account and not ACCOUNT.fullmatch(account):
            raise ValueError(f"invalid service account {account}")
        if account and build["options"].get("logging") != "CLOUD_LOGGING_ONLY":
            raise ValueError(
                "if 'build.service_account' is specified, the build must either (a) specify "
                "'build.logs_bucket' or (b) use the CLOUD_LOGGING_ONLY / NONE logging options"
            )
        if not re.fullmatch(r"\d+s", build["timeout"]):
            raise ValueError(f"invalid timeout {build['timeout']}")
        build_id = str(uuid.uuid4())
        log = self._directory / f"{build_id}.txt"
        self._logs[build_id] = log
        problem, self.failure = self.failure or self._run(build, log), ""
        ended: dict[str, Any] = {**build, "id": build_id, "status": "SUCCESS"}
        if problem:
            ended |= {"status": "FAILURE", "failureInfo": {"detail": problem}}
        else:
            digest = hashlib.sha256(json.dumps(build).encode()).hexdigest()
            images = [{"name": name, "digest": f"sha256:{digest}"} for name in build["images"]]
            ended |= {"results": {"images": images}}
        self.builds[build_id] = ended
        return {**build, "id": build_id, "status": "QUEUED"}

    def get(self, build_id: str) -> dict[str, Any]:
        """The build; the first look finds it at work, the next one at its end."""
        if build_id not in self._looked:
            self._looked.add(build_id)
            return {"id": build_id, "status": "WORKING"}
        return self.builds[build_id]

    def _run(self, build: dict[str, Any], log: Path) -> str:
        """What goes wrong; empty if nothing does."""
        where = build["source"]["storageSource"]
        content = self._mount.read(f"gs://{where['bucket']}/{where['object']}")
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            names = tar.getnames()
            dockerfile = tar.extractfile("Dockerfile")
            assert dockerfile
            lines = dockerfile.read().decode().splitlines()
        with log.open("w") as out:
            for line in lines:
                kind, _, rest = line.partition(" ")
                if kind == "COPY":
                    for source in rest.split()[:-1]:
                        if not any(f"{name}/".startswith(f"{source}/") for name in names):
                            return f"COPY failed: {source} not found in build context"
                if kind == "RUN" and subprocess.run(["sh", "-n", "-c", rest]).returncode:
                    return f"RUN failed: {rest}"
                print(f"Step : {line}", file=out)
        return ""


def server(service: BuildService, context: ssl.SSLContext) -> ThreadingHTTPServer:
    """The service on a free port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, service))
    http.socket = context.wrap_socket(http.socket, server_side=True)
    return http


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, service: BuildService, *args: Any) -> None:
        self._service = service
        super().__init__(*args)

    def do_POST(self) -> None:
        build = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            created = self._service.create(build)
        except ValueError as error:
            self._answer(400, {"error": {"code": 400, "message": str(error)}})
            return
        self._answer(200, {"name": "operations/build", "metadata": {"build": created}})

    def do_GET(self) -> None:
        self._answer(200, self._service.get(self.path.rpartition("/")[2]))

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: pytest's output is not the place."""

"""Cloud Logging's `entries:list`, over HTTPS: what a job's processes wrote, one entry a line."""

import json
import re
import ssl
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.gcp.loopback.credentials import NO_QUOTA_PROJECT, lacks_quota_project

FILTER = re.compile(
    r'resource\.type="(?:ml_job|build)" AND resource\.labels\.(?:job|build)_id="([0-9a-f-]+)"'
)
Logs = dict[str, Path]  # number of a CustomJob, or id of a build → its log


def server(logs: Logs, context: ssl.SSLContext) -> ThreadingHTTPServer:
    """The service on a free port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, logs))
    http.socket = context.wrap_socket(http.socket, server_side=True)
    return http


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, logs: Logs, *args: Any) -> None:
        self._logs = logs
        super().__init__(*args)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if lacks_quota_project({key.lower(): value for key, value in self.headers.items()}):
            self.send_error(403, NO_QUOTA_PROJECT)
            return
        match = FILTER.fullmatch(request["filter"])
        path = self._logs.get(match[1]) if match else None
        lines = path.read_text().splitlines() if path and path.exists() else []
        newest = lines[-request["pageSize"] :][::-1]
        body = json.dumps({"entries": [{"textPayload": line} for line in newest]}).encode()
        self.send_response(200 if match else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: pytest's output is not the place."""

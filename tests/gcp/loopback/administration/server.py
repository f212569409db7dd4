"""The REST APIs over HTTPS, all hosts on one port."""

import json
import ssl
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gcp.loopback.administration.rest import Rest

HOSTS = tuple(
    f"{name}.googleapis.com" for name in ("serviceusage", "iam", "artifactregistry", "cloudkms")
)
# gRPC is served on the same host: the protocol that a client offers decides.
ALSO_GRPC = "cloudresourcemanager.googleapis.com"


def server(rest: Rest, context: ssl.SSLContext) -> ThreadingHTTPServer:
    """The APIs on a free port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, rest))
    http.socket = context.wrap_socket(http.socket, server_side=True)
    return http


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, rest: Rest, *args: Any) -> None:
        self._rest = rest
        super().__init__(*args)

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(json.loads(content or b"{}"))

    def _answer(self, request: dict[str, Any]) -> None:
        headers = {key.lower(): value for key, value in self.headers.items()}
        host = headers["host"].partition(":")[0]
        status, content = self._rest.answer(host, self.command, self.path, headers, request)
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: pytest's output is not the place."""

"""Credentials made a moment ago, and the endpoint that gives them tokens.

A service account brings the quota of its own project. A user brings none, so each of a user's calls
must name a project (https://cloud.google.com/docs/quotas/set-quota-project).
"""

import json
import ssl
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TOKEN, USER_TOKEN = "loopback", "loopback-user"
QUOTA_PROJECT = "x-goog-user-project"
NO_QUOTA_PROJECT = (
    "Your application is authenticating by using local Application Default Credentials. The API "
    "requires a quota project, which is not set by default. To learn how to set your quota "
    "project, see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
)


def lacks_quota_project(headers: Mapping[str, str]) -> bool:
    """Whether a user's call names no project; by the headers of HTTP or gRPC."""
    return headers.get("authorization") == f"Bearer {USER_TOKEN}" and QUOTA_PROJECT not in headers


def token_server(context: ssl.SSLContext | None = None) -> HTTPServer:
    """The endpoint on a free port: a service account's is named in its key file, a user's is always
    https://oauth2.googleapis.com/token."""
    server = HTTPServer(("127.0.0.1", 0), TokenHandler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


class TokenHandler(BaseHTTPRequestHandler):
    """Answers every request for an OAuth token."""

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        token = USER_TOKEN if b"grant_type=refresh_token" in request else TOKEN
        answer = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: pytest's output is not the place."""


def write_service_account(path: Path, project: str, token_uri: str) -> None:
    """Writes a key file in the form of the Console's, for GOOGLE_APPLICATION_CREDENTIALS."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "loopback",
        "private_key": pem.decode(),
        "client_email": f"tester@{project}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account))


def write_user(path: Path) -> None:
    """Writes what `gcloud auth application-default login` leaves, without a quota project."""
    user = {"type": "authorized_user", "client_id": "1", "client_secret": "s", "refresh_token": "r"}
    path.write_text(json.dumps(user))

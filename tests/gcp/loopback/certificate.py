"""A certificate for *.googleapis.com that only the processes of one test trust."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import trustme


@dataclass(frozen=True)
class Certificate:
    """The server's side of TLS, and the file that makes a client trust it.

    Attributes:
        server: what a gRPC server shows.
        context: what an HTTPS server shows.
        authority: PEM file of the authority that signed it.
    """

    server: grpc.ServerCredentials
    context: ssl.SSLContext
    authority: Path


def issue(directory: Path) -> Certificate:
    """A fresh authority, its file in `directory`, and a certificate that it signed."""
    authority = trustme.CA()
    path = directory / "authority.pem"
    authority.cert_pem.write_to_path(path)
    leaf = authority.issue_cert("*.googleapis.com")
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    server = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return Certificate(server, context, path)

"""The loopback cloud itself: several at once, each on its own, and gone when it ends."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.gcp.loopback.cloud import BUCKET, Cloud, running

ADDRESSES = ("https_proxy", "STORAGE_EMULATOR_HOST")


def ports(cloud: Cloud) -> list[int]:
    return [urlsplit(cloud.environ[name]).port or 0 for name in ADDRESSES]


def test_two_at_once_know_nothing_of_each_other_and_leave_nothing() -> None:
    with running(executes=False) as one, running(executes=False) as other:
        one.storage.write(f"gs://{BUCKET}/a", b"1")
        assert one.storage.uris(f"gs://{BUCKET}/") == [f"gs://{BUCKET}/a"]
        assert other.storage.uris(f"gs://{BUCKET}/") == []
        used = ports(one) + ports(other)
        assert len(set(used)) == len(used)
        directory = Path(one.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]).parent
    assert not directory.exists()
    for port in used:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_no_host_but_googles_can_be_reached() -> None:
    with (
        running(executes=False) as cloud,
        socket.create_connection(("127.0.0.1", ports(cloud)[0])) as client,
    ):
        client.sendall(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")


def test_the_mount_and_the_bucket_show_the_same() -> None:
    with running(executes=False) as cloud:
        cloud.storage.write(f"gs://{BUCKET}/in/a.csv", b"one")
        cloud.storage.pull()
        mounted = cloud.storage.directory / BUCKET
        assert (mounted / "in" / "a.csv").read_bytes() == b"one"
        (mounted / "out").mkdir()
        (mounted / "out" / "b.csv").write_bytes(b"two")
        cloud.storage.push()
        assert cloud.storage.read(f"gs://{BUCKET}/out/b.csv") == b"two"

"""The input's version on Cloud Storage, read by Google's own client from an emulator."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer
from pathlib import Path

import pytest
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage
from google.auth import credentials
from google.cloud import storage

from components.objects import fingerprint, local_copy
from trainer.errors import InputError

URI = "gs://bucket/data/a.csv"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Bucket]:
    """An empty bucket in an emulator, which the environment leads Google's client to."""
    handler = partial(RequestHandler, Storage(use_memory_fs=True))
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project")
    client = storage.Client(credentials=credentials.AnonymousCredentials())
    yield client.create_bucket("bucket")
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_same_bytes_have_the_same_fingerprint(bucket: storage.Bucket) -> None:
    blob = bucket.blob("data/a.csv")
    blob.upload_from_string("a\n1\n")
    first = fingerprint(URI)
    md5 = hashlib.md5(b"a\n1\n").hexdigest()
    assert first == f"md5:{md5}:4"
    blob.upload_from_string("a\n1\n")
    assert fingerprint(URI) == first
    blob.upload_from_string("a\n2\n")
    assert fingerprint(URI) != first


def test_what_is_read_is_what_was_fingerprinted(bucket: storage.Bucket) -> None:
    blob = bucket.blob("data/a.csv")
    blob.upload_from_string("a\n1\n")
    with local_copy(URI, fingerprint(URI)) as path:
        assert Path(path).name == "a.csv"
        assert Path(path).read_text() == "a\n1\n"
    assert not Path(path).exists()


def test_an_object_that_was_replaced_is_an_error(bucket: storage.Bucket) -> None:
    blob = bucket.blob("data/a.csv")
    blob.upload_from_string("a\n1\n")
    before = fingerprint(URI)
    blob.upload_from_string("a\n2\n")
    with pytest.raises(InputError, match=f"{URI} was replaced; run again"), local_copy(URI, before):
        pass


def test_no_such_object(bucket: storage.Bucket) -> None:
    with pytest.raises(InputError, match=f"however: {URI}: there is no such object"):
        fingerprint(URI)


@pytest.mark.parametrize("uri", ["gs://bucket/data/*.csv", "gs://bucket/data/"])
def test_several_objects_are_one_input(bucket: storage.Bucket, uri: str) -> None:
    bucket.blob("data/a.csv").upload_from_string("a\n1\n")
    bucket.blob("data/b.csv").upload_from_string("a\n2\n")
    bucket.blob("other/c.csv").upload_from_string("a\n3\n")
    before = fingerprint(uri)
    with local_copy(uri, before) as path:
        assert {part.name for part in Path(path).iterdir()} == {"a.csv", "b.csv"}
    bucket.blob("other/c.csv").upload_from_string("a\n4\n")
    assert fingerprint(uri) == before
    bucket.blob("data/b.csv").upload_from_string("a\n5\n")
    assert fingerprint(uri) != before


def test_several_local_files_are_one_input(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("a\n1\n")
    before = fingerprint(str(tmp_path))
    assert before == fingerprint(f"{tmp_path}/*.csv") != fingerprint(f"{tmp_path}/a.csv")
    (tmp_path / "b.csv").write_text("a\n2\n")
    assert fingerprint(str(tmp_path)) != before

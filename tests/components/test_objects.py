"""The input's version, on Cloud Storage read by Google's own client from an emulator."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import google.cloud.storage as storage
import google_crc32c
import pytest
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage
from google.auth import credentials

from components.objects import fingerprint, local_copy
from trainer.errors import InputError
from vertex_tabular.tables.sources import parts_of

URI = "gs://bucket/data/a.csv"
OLD, NEW = "a\n1\n", "a\n2\n"


class Emulator(ThreadingHTTPServer):
    """The emulator on a free port, with Cloud Storage's preconditions, which it lacks.

    Attributes:
        storage: what it holds.
        reads: the path of every GET.
        before_content: called before the content of an object is sent.
        midway: called when half of the content was sent; the connection breaks then. Once.
    """

    def __init__(self) -> None:
        self.storage = Storage(use_memory_fs=True)
        self.reads: list[str] = []
        self.before_content: Callable[[], None] | None = None
        self.midway: Callable[[], None] | None = None
        super().__init__(("127.0.0.1", 0), partial(Handler, self.storage))


class Handler(RequestHandler):  # type: ignore[misc]
    server: Emulator

    def do_GET(self) -> None:
        self.server.reads.append(self.path)
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if query.get("alt") != ["media"]:
            super().do_GET()
            return
        if self.server.before_content:
            self.server.before_content()
        name = unquote(url.path.partition("/o/")[2])
        generation = self.storage.get_file_obj("bucket", name)["generation"]
        if query.get("generation", [generation]) != [generation]:
            self.send_error(404)
            return
        if query.get("ifGenerationMatch", [generation]) != [generation]:
            self.send_error(412)
            return
        if not self.server.midway:
            super().do_GET()
            return
        content = self.storage.get_file("bucket", name)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Goog-Generation", generation)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        midway, self.server.midway = self.server.midway, None
        midway()


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """What the environment leads Google's client to."""
    server = Emulator()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def bucket(emulator: Emulator) -> storage.Bucket:
    """An empty bucket."""
    anonymous = credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]
    client = storage.Client(credentials=anonymous)
    return client.create_bucket("bucket")


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


def test_a_fingerprint_reads_metadata_and_no_content(
    emulator: Emulator, bucket: storage.Bucket
) -> None:
    bucket.blob("data/a.csv").upload_from_string(OLD)
    emulator.reads.clear()
    fingerprint(URI)
    assert any(urlsplit(read).path.endswith("/o/data%2Fa.csv") for read in emulator.reads)
    assert not any("alt=media" in read for read in emulator.reads)


def test_an_object_of_several_parts_has_no_md5(emulator: Emulator, bucket: storage.Bucket) -> None:
    bucket.blob("data/a.csv").upload_from_string(OLD)
    known = emulator.storage.get_file_obj("bucket", "data/a.csv")
    del known["md5Hash"]
    emulator.storage.patch_object("bucket", "data/a.csv", known)
    crc32c = google_crc32c.Checksum(OLD.encode()).hexdigest().decode()  # type: ignore[no-untyped-call]
    assert fingerprint(URI) == f"crc32c:{crc32c}:4"


def test_what_is_read_is_what_was_fingerprinted(bucket: storage.Bucket) -> None:
    bucket.blob("data/a.csv").upload_from_string(OLD)
    with local_copy(URI, fingerprint(URI)) as path:
        assert Path(path).name == "a.csv"
        assert Path(path).read_text() == OLD
    assert not Path(path).exists()


def test_an_object_that_was_replaced_is_an_error(bucket: storage.Bucket) -> None:
    blob = bucket.blob("data/a.csv")
    blob.upload_from_string(OLD)
    before = fingerprint(URI)
    blob.upload_from_string(NEW)
    with pytest.raises(InputError, match=f"{URI} was replaced; run again"), local_copy(URI, before):
        pass


@pytest.mark.parametrize("moment", ["before_content", "midway"])
def test_an_object_that_is_replaced_while_it_is_read_is_an_error(
    emulator: Emulator, bucket: storage.Bucket, moment: str
) -> None:
    """After its metadata was read, and also when half of its content had arrived."""
    blob = bucket.blob("data/a.csv")
    blob.upload_from_string(OLD)
    before = fingerprint(URI)
    setattr(emulator, moment, lambda: blob.upload_from_string(NEW))
    with pytest.raises(InputError, match=f"{URI} was replaced; run again"), local_copy(URI, before):
        pass


def test_a_broken_connection_is_resumed(emulator: Emulator, bucket: storage.Bucket) -> None:
    bucket.blob("data/a.csv").upload_from_string(OLD)
    emulator.midway = lambda: None
    with local_copy(URI, fingerprint(URI)) as path:
        assert Path(path).read_text() == OLD
    contents = [read for read in emulator.reads if "alt=media" in read]
    assert len(contents) == 2


def test_a_local_file_that_is_replaced_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text(OLD)
    before = fingerprint(str(csv))
    with local_copy(str(csv), before) as path:
        assert Path(path).read_text() == OLD
    with pytest.raises(InputError, match="a.csv was replaced"), local_copy(str(csv), before):
        csv.write_text(NEW)


def test_no_such_object(bucket: storage.Bucket) -> None:
    with pytest.raises(InputError, match=f"got {URI}: there is no such object"):
        fingerprint(URI)


@pytest.mark.parametrize("uri", ["gs://bucket/data/*.csv", "gs://bucket/data/"])
def test_several_objects_are_one_input(bucket: storage.Bucket, uri: str) -> None:
    bucket.blob("data/a.csv").upload_from_string("a\n1\n")
    bucket.blob("data/b.csv").upload_from_string("a\n2\n")
    bucket.blob("other/c.csv").upload_from_string("a\n3\n")
    before = fingerprint(uri)
    with local_copy(uri, before) as path:
        assert [part.name for part in parts_of(path)] == ["a.csv", "b.csv"]
    bucket.blob("other/c.csv").upload_from_string("a\n4\n")
    assert fingerprint(uri) == before
    bucket.blob("data/b.csv").upload_from_string("a\n5\n")
    assert fingerprint(uri) != before


def test_objects_of_one_name_in_several_directories_are_all_read(
    bucket: storage.Bucket, tmp_path: Path
) -> None:
    names = ["parts/2024/part.csv", "parts/2025/part.csv", "parts/2025/q1/x.csv", "parts/z.csv"]
    others = ["parts/.part.csv", "parts/2025/.old/part.csv", "parts/2025/_SUCCESS", "parts.csv"]
    for name in names + others:
        bucket.blob(name).upload_from_string(f"a\n{name}\n")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"a\n{name}\n")
    bucket.blob("parts/2026/").upload_from_string("")  # how consoles make a directory
    for uri, expected in {
        "parts/": names,
        "parts/*.csv": names[3:],
        "parts/*/part.csv": names[:2],
        "parts/**/*.csv": names,
        "parts/202[5-9]/*": [names[1], others[2]],
    }.items():
        before = fingerprint(f"gs://bucket/{uri}")
        with local_copy(f"gs://bucket/{uri}", before) as path:
            read = [part.read_text() for part in parts_of(path)]
        assert sorted(read) == sorted(f"a\n{name}\n" for name in expected)
        here = [part.read_text() for part in parts_of(f"{tmp_path}/{uri}")]
        assert sorted(here) == sorted(read)


@pytest.mark.parametrize("name", ["a/[1].csv", "a/" + "x" * 300, "a/.csv", "a/é b.csv", "a/*.csv"])
def test_an_object_may_have_a_name_that_no_file_has(bucket: storage.Bucket, name: str) -> None:
    bucket.blob(name).upload_from_string(OLD)
    uri = f"gs://bucket/{name}"
    with local_copy(uri, fingerprint(uri)) as path:
        assert [part.read_text() for part in parts_of(path)] == [OLD]


def test_a_local_directory_has_a_fingerprint_of_all_below_it(tmp_path: Path) -> None:
    for year in ("2024", "2025"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "part.csv").write_text(f"a\n{year}\n")
    before = fingerprint(str(tmp_path))
    (tmp_path / "2024" / "part.csv").write_text("a\n2025\n")
    (tmp_path / "2025" / "part.csv").write_text("a\n2024\n")
    assert fingerprint(str(tmp_path)) != before


def test_several_local_files_are_one_input(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("a\n1\n")
    before = fingerprint(str(tmp_path))
    assert before == fingerprint(f"{tmp_path}/*.csv") != fingerprint(f"{tmp_path}/a.csv")
    (tmp_path / "b.csv").write_text("a\n2\n")
    assert fingerprint(str(tmp_path)) != before

"""The wheels that stock images install: built here, uploaded once, deleted when nothing uses them.

A wheel is made of the modules that are installed here. No build tool is needed, and the same
modules give the same bytes, so a wheel uploaded under the hash of its content is uploaded once.
"""

import base64
import csv
import datetime
import hashlib
import io
import json
import zipfile
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from pipelines.vertex.client import Vertex
from trainer.uri import Uri, join

NAME = "vertex-tabular"
PACKAGES = ("trainer", "vertex_tabular", "components", "pipelines")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can say
TAG = "py3-none-any"
DIRECTORY = "packages"  # of the bucket


def build_wheel() -> tuple[str, bytes]:
    """The wheel's file name and its content.

    The format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    installed = distribution(NAME)
    stem = f"{NAME.replace('-', '_')}-{installed.version}"
    information = f"{stem}.dist-info"
    files = {
        f"{package}/{path}": content for package in PACKAGES for path, content in _files(package)
    }
    files[f"{information}/METADATA"] = (installed.read_text("METADATA") or "").encode()
    files[f"{information}/entry_points.txt"] = (
        installed.read_text("entry_points.txt") or ""
    ).encode()
    files[f"{information}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: {TAG}\n"
    ).encode()

    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{information}/RECORD", "", ""])
    files[f"{information}/RECORD"] = record.getvalue().encode()

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content)
    return f"{stem}-{TAG}.whl", archive.getvalue()


def wheel_uri(bucket: str, name: str, content: bytes) -> str:
    """Where a wheel is kept: its directory is named after the hash of its content."""
    return join(join(bucket, DIRECTORY), f"{hashlib.sha256(content).hexdigest()[:16]}/{name}")


def unused_packages(vertex: Vertex, bucket: str, days: int) -> dict[str, int]:
    """Packages older than `days` that no schedule uses, nor any run that has not ended.

    Returns:
        URI → size in bytes.
    """
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    packages = {
        uri: size
        for uri, (size, created) in vertex.objects(join(bucket, f"{DIRECTORY}/")).items()
        if created < before
    }
    if not packages:
        return {}
    used = "\n".join(
        [json.dumps(schedule) for schedule in vertex.schedules()]
        + [json.dumps(spec) for spec in vertex.unfinished_specs()]
    )
    return {uri: size for uri, size in packages.items() if _directory(uri) not in used}


def _directory(uri: str) -> str:
    """The directory named after the package's content, in a form that gs:// and /gcs/ share."""
    where = Uri(Uri(uri).parent)
    return f"{where.bucket}/{where.name}"


def _files(package: str) -> list[tuple[str, bytes]]:
    """A package's files, modules and data, by their path inside it."""
    found = find_spec(package)
    assert found and found.submodule_search_locations
    root = Path(found.submodule_search_locations[0])
    return [
        (path.relative_to(root).as_posix(), path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]

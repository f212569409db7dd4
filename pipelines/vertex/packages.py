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
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from pipelines.prices.machines import table
from pipelines.vertex.client import Vertex
from trainer.errors import TabularError
from trainer.uri import Uri, join

NAME = "vertex-tabular"
PACKAGES = ("trainer", "vertex_tabular", "components", "pipelines")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can say
TAG = "py3-none-any"
DIRECTORY = "packages"  # of the bucket
USED_IN = "used-in"  # of a package's directory
PLACES_AT_ONCE = 8


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


def usage_uri(wheel: str, project: str, region: str) -> str:
    """The object that says where a wheel is used, so that `clean` looks there."""
    return join(Uri(wheel).parent, f"{USED_IN}/{project}/{region}")


def unused_packages(vertex: Vertex, bucket: str, days: int) -> dict[str, int]:
    """Packages older than `days` that no schedule uses, nor any run that has not ended, in any
    region that the bucket's packages were used in.

    Returns:
        URI → size in bytes.

    Raises:
        TabularError: one of these regions cannot be asked.
    """
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    objects = vertex.objects(join(bucket, f"{DIRECTORY}/"))
    packages = {
        uri: size
        for uri, (size, created) in objects.items()
        if created < before and not _place(uri)
    }
    if not packages:
        return {}
    places = {uri: _place(uri) for uri in objects if _place(uri)}
    where = {(vertex.project, vertex.region), *places.values()}
    said = {_directory(uri) for uri in places}
    if any(_directory(uri) not in said for uri in packages):
        # Of an earlier version, which did not say where.
        where |= {(vertex.project, region) for region in table()["regions"]}
    with ThreadPoolExecutor(PLACES_AT_ONCE) as pool:
        used = "\n".join(pool.map(_in_use, sorted(where)))
    return {uri: size for uri, size in packages.items() if _directory(uri) not in used}


def delete_package(vertex: Vertex, uri: str) -> None:
    """Deletes a wheel, then what says where it was used."""
    vertex.delete_object(uri)
    for place in vertex.objects(join(Uri(uri).parent, f"{USED_IN}/")):
        vertex.delete_object(place)


def _in_use(place: tuple[str, str]) -> str:
    """The JSON of what may install a package, in a project and region."""
    project, region = place
    try:
        vertex = Vertex(project, region)
        found = [*vertex.schedules(), *vertex.unfinished_specs()]
    except TabularError as error:
        raise TabularError(
            f"to tell which packages are unused, each region that used them must be asked, "
            f"got {project} {region}: {error}; nothing is deleted"
        ) from None
    return "\n".join(map(json.dumps, found))


def _place(uri: str) -> tuple[str, str] | None:
    """Project and region, of an object that says where a wheel is used; None of any other."""
    match = re.fullmatch(rf".*/{USED_IN}/([^/]+)/([^/]+)", uri)
    return (match[1], match[2]) if match else None


def _directory(uri: str) -> str:
    """The directory named after the package's content, in a form that gs:// and /gcs/ share."""
    where = Uri(uri.partition(f"/{USED_IN}/")[0] + "/" if _place(uri) else Uri(uri).parent)
    return f"{where.bucket}/{where.name}".rstrip("/")


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

"""Images built by Google's Cloud Build, so that no Docker is needed here: tabpipe image build"""

import gzip
import hashlib
import io
import re
import tarfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.project.settings import Settings
from pipelines.vertex.client import Vertex
from trainer.contract import atomic_write
from trainer.errors import InputError, TabularError
from trainer.uri import Uri, join

REPOSITORY = "images"  # of Artifact Registry; tabpipe setup --build creates it
BUILDER = "gcr.io/cloud-builders/docker"
MACHINE = "E2_HIGHCPU_8"
TIMEOUT_SECONDS = 3600
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 10.0
CUDA = "cu126"  # serves drivers from 525 on
UNFINISHED = ("PENDING", "QUEUED", "WORKING", "STATUS_UNKNOWN")


def build_image(
    vertex: Vertex,
    settings: Settings,
    gpu: bool,
    report: Callable[[str], None],
) -> str:
    """Builds the image and waits for it.

    Args:
        vertex: project and region.
        settings: the settings in force; `bucket` is required.
        gpu: whether its torch has CUDA.
        report: gets each line of the build's log.

    Returns:
        The image by its digest.

    Raises:
        InputError: this is no checkout of the repository, which has the Dockerfile.
        TabularError: the build fails, or Google refuses it.
    """
    content = context()
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.tar.gz"
    source = join(settings.required("bucket"), f"builds/{name}")
    vertex.upload_once(content, source)
    build_id = vertex.start_build(build_request(vertex, settings, gpu, source))
    report(f"build {build_id}")
    shown, pause = 0, FIRST_WAIT_SECONDS
    while True:
        build = vertex.build(build_id)
        lines = vertex.build_log(build_id)
        for line in lines[shown:]:
            report(line)
        shown = max(shown, len(lines))
        if build["status"] not in UNFINISHED:
            break
        time.sleep(pause)
        pause = min(2 * pause, MAX_WAIT_SECONDS)
    if build["status"] != "SUCCESS":
        why = (
            build.get("failureInfo", {}).get("detail") or build.get("statusDetail") or "see its log"
        )
        raise TabularError(f"the build {build_id} must succeed, got {build['status']}: {why}")
    (image,) = build["results"]["images"]
    return f"{image['name'].rpartition(':')[0]}@{image['digest']}"


def build_request(vertex: Vertex, settings: Settings, gpu: bool, source: str) -> dict[str, Any]:
    """A Build as JSON.

    An account of one's own needs CLOUD_LOGGING_ONLY, or a bucket for its logs:
    https://cloud.google.com/build/docs/securing-builds/configure-user-specified-service-accounts
    """
    tag = version("vertex-tabular") + ("-gpu" if gpu else "")
    repository = f"{vertex.region}-docker.pkg.dev/{vertex.project}/{REPOSITORY}"
    image = f"{repository}/vertex-tabular:{tag}"
    torch = ["--build-arg", f"TORCH={CUDA}"] if gpu else []
    build: dict[str, Any] = {
        "source": {"storageSource": {"bucket": Uri(source).bucket, "object": Uri(source).name}},
        "steps": [{"name": BUILDER, "args": ["build", *torch, "--tag", image, "."]}],
        "images": [image],
        "options": {"logging": "CLOUD_LOGGING_ONLY", "machineType": MACHINE},
        "timeout": f"{TIMEOUT_SECONDS}s",
    }
    if account := settings.service_account.value:
        build["serviceAccount"] = f"projects/{vertex.project}/serviceAccounts/{account}"
    return build


def context() -> bytes:
    """The Dockerfile and what it copies, as tar.gz; the same files give the same bytes.

    Raises:
        InputError: they are not beside the packages that are installed here.
    """
    found = find_spec("pipelines")
    assert found and found.origin
    root = Path(found.origin).parents[1]
    archive = io.BytesIO()
    try:
        names = sorted({"Dockerfile", *_copied((root / "Dockerfile").read_text())})
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path in (path for name in names for path in _files(root / name)):
                entry = tarfile.TarInfo(path.relative_to(root).as_posix())
                content = path.read_bytes()
                entry.size, entry.mode = len(content), 0o644
                tar.addfile(entry, io.BytesIO(content))
    except OSError as error:
        raise InputError(
            f"tabpipe image build needs a checkout of the repository, got {root}: "
            f"{error.strerror}; pip install -e there"
        ) from None
    return gzip.compress(archive.getvalue(), mtime=0)


def pin(directory: Path, file: str, name: str, image: str) -> None:
    """Writes a setting into the project's file, above its profiles; the rest stays as it is."""
    path = directory / file
    text = path.read_text("utf-8") if path.exists() else ""
    table = re.search(r"^\[", text, re.MULTILINE)
    top, profiles = (text[: table.start()], text[table.start() :]) if table else (text, "")
    line = f'{name} = "{image}"\n'
    top, count = re.subn(rf"(?m)^{name}\s*=.*\n?", line, top)
    with atomic_write(path) as written:
        written.write(((top if count else line + top) + profiles).encode())


def _copied(dockerfile: str) -> Iterator[str]:
    for line in dockerfile.splitlines():
        if line.startswith("COPY "):
            yield from line.split()[1:-1]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.is_file())
    if not found:
        raise FileNotFoundError(2, f"there is no {path.name}")
    return [each for each in found if "__pycache__" not in each.parts]

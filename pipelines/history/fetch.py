"""A run's results, copied here: in parallel, checked against the manifest, and resumable."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.record import Record
from trainer.contract import MANIFEST, check_manifest, sha256_of
from trainer.errors import InputError, TabularError
from trainer.uri import join

MAX_PARALLEL = 8
Copy = Callable[[str, Path], None]  # from a URI or path to a path


def results_of(record: Record) -> str:
    """URI or path of the run directory of a run.

    Raises:
        InputError: the run has not succeeded.
    """
    source = record.artifacts.get("run_directory")
    if record.state != "SUCCEEDED" or not source:
        raise InputError(f"a run must be SUCCEEDED to have results, got {record.state}")
    return source


def fetch(source: str, directory: Path, copy: Copy, report: Callable[[str], None]) -> list[str]:
    """Copies the files of a run directory, except those that are complete here already.

    Args:
        source: URI or path of the run directory.
        directory: where the files go; created if missing.
        copy: copies one file.
        report: gets a line for each file that was copied.

    Returns:
        The names of the files that were copied, without the manifest.

    Raises:
        TabularError: a file does not match the manifest, or the manifest is missing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # First, because it says which of the other files are complete here.
    manifest = directory / MANIFEST
    copy(join(source, MANIFEST), manifest)
    try:
        expected = json.loads(manifest.read_bytes())["files"]
    except (ValueError, KeyError) as error:
        raise TabularError(f"{join(source, MANIFEST)} is damaged: {error}") from error

    def is_missing(name: str) -> bool:
        path = directory / name
        return not (path.is_file() and sha256_of(path) == expected[name]["sha256"])

    def copy_one(name: str) -> None:
        part = directory / f".{name}.part"
        copy(join(source, name), part)
        part.replace(directory / name)

    missing = [name for name in sorted(expected) if is_missing(name)]
    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        for count, (name, _) in enumerate(
            zip(missing, pool.map(copy_one, missing), strict=True), 1
        ):
            report(f"{count} of {len(missing)}: {name}")
    check_manifest(directory)
    return missing


def copy_file(source: str, path: Path) -> None:
    """Copies a file of this machine."""
    shutil.copyfile(source, path)

"""Copies a run's results to this machine: in parallel, verified by the manifest, resumable."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.record import Record
from trainer.contract import MANIFEST, check_manifest, read_manifest, sha256_of
from trainer.errors import InputError
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
        InputError: `directory` cannot be made.
        TabularError: a file does not match the manifest, or the manifest is missing.
        OSError: a file cannot be copied.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"DIR must be writable, got {directory}: {error.strerror}") from None
    # First, because it says which of the other files are complete here.
    _replace(directory / MANIFEST, join(source, MANIFEST), copy)
    expected = read_manifest(directory)

    def is_missing(name: str) -> bool:
        path = directory / name
        whole = path.is_file() and not path.is_symlink() and sha256_of(path) == expected[name]
        return not whole

    def copy_one(name: str) -> None:
        _replace(directory / name, join(source, name), copy)

    missing = [name for name in sorted(expected) if is_missing(name)]
    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        for count, (name, _) in enumerate(
            zip(missing, pool.map(copy_one, missing), strict=True), 1
        ):
            report(f"{count} of {len(missing)}: {name}")
    check_manifest(directory)
    return missing


def _replace(path: Path, source: str, copy: Copy) -> None:
    """Copies a file to `path`. It is written in a new directory beside it, which nobody else can
    write to, so that no link that is there is followed, and takes its name when it is whole."""
    with TemporaryDirectory(prefix=".fetch-", dir=path.parent) as temporary:
        part = Path(temporary, "part")
        copy(source, part)
        part.replace(path)


def copy_file(source: str, path: Path) -> None:
    """Copies a file of this machine."""
    shutil.copyfile(source, path)

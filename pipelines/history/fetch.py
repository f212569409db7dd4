"""A run's results, copied here: in parallel, checked against the manifest, and resumable."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer.contract import MANIFEST, check_manifest, sha256_of
from trainer.errors import TabularError
from trainer.uri import join

AT_ONCE = 8
Copy = Callable[[str, Path], None]  # from a URI or path to a path


def fetch(source: str, directory: Path, copy: Copy, report: Callable[[str], None]) -> list[str]:
    """Copies the files of a run directory; those that are here already, whole, are not read again.

    Args:
        source: URI or path of the run directory.
        directory: where they go; made if need be.
        copy: copies one file.
        report: gets a line for each file that has arrived.

    Returns:
        The names of the files that were copied, without the manifest.

    Raises:
        TabularError: a file is not what the manifest says, or the manifest is missing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # First, because it says which of the others are here already.
    manifest = directory / MANIFEST
    copy(join(source, MANIFEST), manifest)
    try:
        expected = json.loads(manifest.read_bytes())["files"]
    except (ValueError, KeyError) as error:
        raise TabularError(f"{join(source, MANIFEST)} is damaged: {error}") from error

    def wanted(name: str) -> bool:
        path = directory / name
        return not (path.is_file() and sha256_of(path) == expected[name]["sha256"])

    def one(name: str) -> None:
        part = directory / f".{name}.part"
        copy(join(source, name), part)
        part.replace(directory / name)

    missing = [name for name in sorted(expected) if wanted(name)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for count, (name, _) in enumerate(zip(missing, pool.map(one, missing), strict=True), 1):
            report(f"{count} of {len(missing)}: {name}")
    check_manifest(directory)
    return missing


def copy_file(source: str, path: Path) -> None:
    """Copies a file of this machine."""
    shutil.copyfile(source, path)

"""The sha256 of what a step wrote: taken when it has finished, compared before it is used again.

A directory with a manifest, such as that of a training, is known by its manifest, which has the
sha256 of its results; what else is there, as checkpoints are, may change or go.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from trainer.contract import MANIFEST, read_manifest, sha256_of
from trainer.errors import TabularError


def digests_of(directory: Path) -> dict[str, str]:
    """The sha256 of each file below a directory, by its path from there."""
    digests = {}
    for parent, folders, names in os.walk(directory):
        if MANIFEST in names:
            folders[:], names = [], [MANIFEST]
        for name in names:
            path = Path(parent, name)
            digests[str(path.relative_to(directory))] = sha256_of(path)
    return dict(sorted(digests.items()))


def damaged(directory: Path, digests: Mapping[str, str]) -> Path | None:
    """The first file that is gone or not what it was; None if all are whole."""
    for name, sha256 in digests.items():
        path = directory / name
        if not _is_whole(path, sha256):
            return path
        if path.name == MANIFEST:
            try:
                results = read_manifest(path.parent)
            except TabularError:
                return path
            for result, of_result in results.items():
                if not _is_whole(path.parent / result, of_result):
                    return path.parent / result
    return None


def damage(path: Path) -> str:
    """What has happened to a damaged file, in words; of a directory that is gone, its name."""
    if path.exists():
        return f"{shown(path)} has changed"
    while not path.parent.exists():
        path = path.parent
    return f"{shown(path)} is gone"


def shown(path: Path) -> str:
    """A path as short as it can be from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False

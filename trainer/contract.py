"""What the steps agree on: file names, npz keys, URIs, and the manifest. Standard library only.

Every name that crosses a step boundary is written here once, so that the step that writes a file
and the step that reads it cannot disagree.
"""

import contextlib
import glob
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from trainer.errors import InputError, TabularError
from trainer.reading import read_json

# Preprocessing writes these side by side; the npz keys are the reference notebook's.
TRAIN_DATA = "train_data.npz"
VAL_DATA = "val_data.npz"
TEST_DATA = "test_data.npz"
# Of a long table each is a directory of shards, such as train_shards/train-00000.npz. (At
# `test_data` KFP writes the output parameter of that name.)
TRAIN_SHARDS = "train_shards"
VAL_SHARDS = "val_shards"
TEST_SHARDS = "test_shards"
SPEC = "spec.json"
PROFILE = "profile.json"
PROFILE_PAGE = "profile.html"
TRAIN_KEYS = ("X_train", "y_train")
VAL_KEYS = ("X_val", "y_val")
TEST_KEYS = ("X_test", "y_test")

# Training writes these side by side.
MODEL = "model.pt"
WEIGHTS = "weights.npz"
METRICS = "metrics.json"
HISTORY = "eval_history.csv"
CANDIDATES = "candidates.csv"  # that were tried, of `--model auto`
PREDICTIONS = "val_predictions.npz"
TEST_PREDICTIONS = "test_predictions.npz"
LOG = "training.log"
PROGRESS = "progress.jsonl"  # to be followed while training runs; not in the manifest
MANIFEST = "manifest.json"
RESULTS = (
    MODEL,
    WEIGHTS,
    METRICS,
    HISTORY,
    CANDIDATES,
    PREDICTIONS,
    TEST_PREDICTIONS,
    SPEC,
    LOG,
    PROGRESS,
    MANIFEST,
)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path` that takes its name only once it is complete on disk.
    What a process that was killed left of the same file goes.

    Raises:
        InputError: the directory cannot be written to.
        TabularError: writing failed half-way, as on a full disk; `path` is as it was before.
    """
    # A name that nobody can foresee, and O_EXCL: a link planted under it is not followed.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp")
    if path.is_dir():
        raise InputError(f"an output must be a file, got the directory {path}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, glob.escape(path.name), of_living=False)
        file = open(temporary, "xb")  # noqa: SIM115  (closed by the `with` below)
    except OSError as error:
        raise InputError(
            f"the output directory must be writable, got {path.parent} ({error.strerror})"
        ) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise TabularError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def to_json(value: Any) -> Any:
    """`value` with null for what JSON cannot hold: the AUC of one class is not a number."""
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def remove_leftovers(directory: Path, pattern: str, of_living: bool = True) -> None:
    """Removes what `atomic_write` leaves of a file that matches `pattern` when it is killed.

    Args:
        directory: where the file is.
        pattern: of its name.
        of_living: whether it goes even if a process has the id of the one that wrote it. It does
            where only one process writes: in a container each start has the same few ids.
    """
    for temporary in directory.glob(f".{pattern}.*.tmp"):
        writer = re.search(r"\.(\d+)(\.\w+)?\.tmp$", temporary.name)
        if writer and (of_living or not _runs_beside(int(writer[1]))):
            temporary.unlink(missing_ok=True)


def _runs_beside(process: int) -> bool:
    """Is there another process of this id on this machine?"""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def sha256_of(path: Path) -> str:
    """The hex sha256 of a file's bytes, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_manifest(directory: Path, names: Iterable[str]) -> None:
    """Writes `manifest.json`: sha256 and size in bytes of each named file in `directory`.

    It is written last, so its presence means that the directory is complete.
    """
    files = {
        name: {"sha256": sha256_of(directory / name), "size": (directory / name).stat().st_size}
        for name in sorted(names)
    }
    with atomic_write(directory / MANIFEST) as file:
        file.write(json.dumps({"files": files}, indent=2).encode() + b"\n")


@dataclass(frozen=True)
class _File:
    """What the manifest says of a file."""

    sha256: str


@dataclass(frozen=True)
class _Manifest:
    """The content of `manifest.json`."""

    files: dict[str, _File]


def read_manifest(directory: Path) -> dict[str, str]:
    """The sha256 of each file of a finished run, by name; no file's bytes are read.

    Raises:
        TabularError: the manifest is missing or damaged. Names are those of files in `directory`
            itself, so that no other file is taken for one of the run.
    """
    path = directory / MANIFEST
    if not path.exists():
        raise TabularError(f"{directory} has no {MANIFEST}: its run did not finish")
    manifest = read_json(path, _Manifest, "the manifest of a finished run", "it is damaged")
    recorded = {name: file.sha256 for name, file in manifest.files.items()}
    for name in recorded:
        if name in ("", ".", "..") or any(character in name for character in "/\\\0"):
            raise TabularError(f"{path} must list names of files, got {name!r}; it is damaged")
    return recorded


def check_file(path: Path, sha256: str) -> None:
    """Compares a file's bytes with what its manifest says.

    Raises:
        TabularError: the file is missing or damaged; the message names it.
    """
    if not path.is_file():
        raise TabularError(f"{MANIFEST} lists {path.name}, but {path} is missing")
    if (actual := sha256_of(path)) != sha256:
        raise TabularError(f"{path} must have sha256 {sha256}, got {actual}; it is damaged")


def check_manifest(directory: Path) -> list[str]:
    """The names of the files in `directory`, each one's bytes checked against the manifest.

    Raises:
        TabularError: the manifest or a file is missing, or a file is not what was written; the
            message names the file.
    """
    files = read_manifest(directory)
    for name, sha256 in files.items():
        check_file(directory / name, sha256)
    return list(files)

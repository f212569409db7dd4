"""All that a run needs to go on, in one file: saved under a temporary name and renamed, the two
newest kept, each named after its content so that damage shows.

    checkpoint-<epochs done>-<blocks of the next>-<start of the content's sha256>.pt

The files are ordinary: `torch.load(path, weights_only=True)` gives a dict of tensors and numbers.
"""

import contextlib
import hashlib
import io
import logging
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from trainer import contract
from trainer.errors import InputError, Interrupted
from trainer.uri import local_path

log = logging.getLogger(__name__)

KEEP = 2
NAMES = "checkpoint-*.pt"


class Checkpoints:
    """The checkpoints of one run in one directory; without a directory, none are ever due.

    Attributes:
        at_end: whether a training that has ended saves what it left.

    `identity` holds what must be the same for a checkpoint to be resumed: settings, spec, data.
    """

    at_end = True

    def __init__(self, uri: str, every: int, minutes: float, identity: dict[str, Any]) -> None:
        self.directory = local_path(uri) if uri else None
        if self.directory is not None:
            try:  # better now than when the first checkpoint is due
                self.directory.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=self.directory).close()
                contract.remove_leftovers(self.directory, NAMES)
            except OSError as error:
                raise InputError(
                    f"--checkpoint_dir must be writable, got {uri} ({error.strerror})"
                ) from error
        self.every, self.seconds, self.identity = every, minutes * 60, identity
        self._last = time.monotonic()
        self._damaged: list[Path] = []

    def due(self, epochs_done: int | None = None) -> bool:
        """Is it time? `epochs_done` is given between epochs only."""
        if self.directory is None:
            return False
        by_count = epochs_done is not None and epochs_done % self.every == 0
        return by_count or time.monotonic() - self._last > self.seconds

    def save(self, epoch: int, block: int, content: dict[str, Any]) -> None:
        """Writes one checkpoint, whole or not at all, then removes damaged ones, and of the others
        all but the two newest.

        Raises:
            TabularError, InputError: it cannot be written; those before it are untouched.
        """
        if self.directory is None:
            return
        with io.BytesIO() as buffer:
            torch.save({**content, "identity": self.identity}, buffer)
            data = buffer.getvalue()
        name = f"checkpoint-{epoch:07d}-{block:07d}-{_fingerprint(data)}.pt"
        with contract.atomic_write(self.directory / name) as file:
            file.write(data)
        whole = [path for path in _files(self.directory) if path not in self._damaged]
        for path in self._damaged + whole[:-KEEP]:
            with contextlib.suppress(OSError):  # what stays does no harm
                path.unlink()
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The newest whole checkpoint, or None; a damaged one is passed over with a warning.

        Raises:
            InputError: it is of another run; the message names what differs.
        """
        for path in reversed(_files(self.directory) if self.directory else []):
            try:
                data = path.read_bytes()
                if _fingerprint(data) != path.stem.rpartition("-")[2]:
                    raise ValueError("its content does not match its name")
                content: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
                saved = content.pop("identity")
            except Exception as error:  # whatever damage makes of it
                log.warning(f"warning: passing over {path}: {error}")
                self._damaged.append(path)
                continue
            for name, now in self.identity.items():
                if saved.get(name) != now:
                    raise InputError(
                        f"{path} must be of the same run, got another {name}: it was "
                        f"{saved.get(name)} and is {now}; to start over, pass another "
                        "--checkpoint_dir"
                    )
            return content
        return None


def exist(uri: str) -> bool:
    """Does the directory hold a checkpoint?"""
    return bool(uri) and bool(_files(local_path(uri)))


def _files(directory: Path) -> list[Path]:
    """The checkpoints, oldest first: their names sort by epoch, then by block."""
    return sorted(directory.glob(NAMES))


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


class Sigterm:
    """Notes SIGTERM. While `deferred`, the loop looks at `requested` and saves first; at other
    times there is nothing to save, and the signal raises Interrupted where it finds the program."""

    requested = False
    deferred = False

    @contextlib.contextmanager
    def watched(self) -> Iterator["Sigterm"]:
        """Handles the signal inside, and leaves the handler as it was."""
        before = signal.signal(signal.SIGTERM, self._note)
        try:
            yield self
        finally:
            signal.signal(signal.SIGTERM, before)

    def _note(self, *_: object) -> None:
        self.requested = True
        if not self.deferred:
            raise Interrupted("stopped by SIGTERM")

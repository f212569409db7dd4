"""All that a run needs to go on, in one file: saved under a temporary name and renamed, the two
newest kept, each named after its content so that damage shows.

    checkpoint-<epochs done>-<blocks of the next>-<start of the content's sha256>.pt

The files are ordinary: `torch.load(path, weights_only=True)` gives a dict of tensors and numbers.
"""

import contextlib
import hashlib
import io
import logging
import math
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from trainer import contract
from trainer.errors import InputError, Interrupted
from trainer.uri import local_path

log = logging.getLogger(__name__)

KEEP = 2
COUNTS = ("epoch", "block", "pending", "best_epoch")  # of `trainer.train.State`
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
                saved = dict(content.pop("identity"))
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


class OfPart(Checkpoints):
    """The checkpoints of a run as one of its trainings sees them: what it saves becomes a part of
    the run's."""

    def __init__(
        self,
        run: Checkpoints,
        epochs_before: int,
        content: Callable[[dict[str, Any]], dict[str, Any]],
        at_end: bool = True,
    ) -> None:
        """`content` makes the run's of the training's; `epochs_before` the run has done."""
        self._run, self._before, self._content, self.at_end = run, epochs_before, content, at_end

    def due(self, epochs_done: int | None = None) -> bool:
        """See `Checkpoints`."""
        return self._run.due(None if epochs_done is None else self._before + epochs_done)

    def save(self, epoch: int, block: int, content: dict[str, Any]) -> None:
        """See `Checkpoints`."""
        self._run.save(self._before + epoch, block, self._content(content))


def exist(uri: str) -> bool:
    """Does the directory hold a checkpoint?"""
    return bool(uri) and bool(_files(local_path(uri)))


def _files(directory: Path) -> list[Path]:
    """The checkpoints, oldest first: their names sort by epoch, then by block."""
    return sorted(directory.glob(NAMES))


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def check_content(content: Mapping[str, Any], like: Mapping[str, Any], where: str) -> None:
    """Compares a checkpoint with what the same training holds before its first step: the sha256 in
    its name tells damage, but whoever can write the file can write the name too.

    Args:
        content: of the checkpoint.
        like: `Training.content()`, whose keys, shapes and dtypes it must have.
        where: the directory of the checkpoint, for the message.

    Raises:
        InputError: it has other keys, shapes or dtypes, or a value that no training reaches.
    """
    problem = _difference(content, like, "") or _impossible(content)
    if problem:
        raise InputError(
            f"a checkpoint must be one that training saved, got {where}: {problem}; to start over, "
            "pass another --checkpoint_dir"
        )


def _difference(found: Any, like: Any, name: str) -> str:
    """How the structure differs, empty if it does not."""
    if type(found) is not type(like):
        return f"{name or 'it'} is of type {type(found).__name__}"
    if isinstance(like, dict):
        if set(found) != set(like):
            return f"{name or 'it'} has the keys {sorted(map(str, found))}"
        parts = (_difference(found[key], like[key], f"{name} {key}".strip()) for key in like)
        return next(filter(None, parts), "")
    if isinstance(like, torch.Tensor) and (found.shape, found.dtype) != (like.shape, like.dtype):
        return f"{name} is {found.dtype} {tuple(found.shape)}"
    return ""


def _impossible(content: Mapping[str, Any]) -> str:
    """A value that no training reaches, empty if there is none."""
    state, shared, own = content["state"], content["shared"], content["own"]
    for name in COUNTS:
        if not 0 <= state[name] < 2**53:
            return f"{name} is {state[name]}"
    if state["best_epoch"] > state["epoch"] or math.isnan(state["best_loss"]):
        return f"the best epoch is {state['best_epoch']}, of loss {state['best_loss']}"
    epochs = [row.get("epoch") if isinstance(row, dict) else row for row in state["history"]]
    if len(epochs) != state["epoch"] or epochs != list(range(1, len(epochs) + 1)):
        return f"its history is not of {state['epoch']} epochs"
    for row in state["history"]:
        if not all(isinstance(value, (int, float)) for value in row.values()):
            return f"its history holds {row}"
    for name, tensor in {"best": content["best"], **shared, "loss_sum": own["loss_sum"]}.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return f"{name} is not finite"
    for name in ("square", "steps"):
        if bool((shared[name] < 0).any()):
            return f"{name} is negative"
    return "pending is negative" if bool((own["pending"] < 0).any()) else ""


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

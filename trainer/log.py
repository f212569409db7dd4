"""What a run says: on stdout and stderr, in `training.log`, and each epoch in `progress.jsonl`.

Messages go through `logging`, by loggers of this package; `to_terminal` and `RunLog` add the
handlers. On mounted Cloud Storage a file appears when it is closed: there a file is written to the
machine's own disk, and a copy brought up to date each minute and at the end.
"""

import contextlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from trainer import contract
from trainer.errors import InputError, TabularError
from trainer.terminal import echo, escaped
from trainer.uri import mount

PUBLISH_SECONDS = 60.0


class _Terminal(logging.Handler):
    """Warnings and errors on stderr, the rest on stdout, as they are at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        echo(self.format(record), err=record.levelno >= logging.WARNING)


@contextlib.contextmanager
def to_terminal() -> Iterator[None]:
    """Shows this package's messages, and Python's warnings, while inside."""
    with _handling(_Terminal()):
        yield


@contextlib.contextmanager
def _handling(handler: logging.Handler) -> Iterator[None]:
    """Adds a handler to this package's logger and to that of Python's warnings."""
    loggers = [logging.getLogger(name) for name in ("trainer", "py.warnings")]
    levels = [logger.level for logger in loggers]
    logging.captureWarnings(True)
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeHandler(handler)
        logging.captureWarnings(False)


class RunFile:
    """A text file of a run directory that grows, line by line, and can be followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._copied = path.is_relative_to(mount())
        self._own = Path(tempfile.mkdtemp()) / path.name if self._copied else path
        self._published = time.monotonic()
        self._failed = False

    def open(self, append: bool) -> None:
        """Begins the file; with `append`, after what an earlier start wrote."""
        if append and self._copied and self.path.is_file():
            shutil.copyfile(self.path, self._own)
        mode = "a" if append else "w"
        self._file: IO[str] = open(self._own, mode, 1, "utf-8", "backslashreplace")  # noqa: SIM115
        self._publish()

    def write(self, line: str) -> None:
        """Adds a line.

        Raises:
            TabularError: it cannot be written, as on a full disk; said once, since the error is
                itself logged.
        """
        if self._failed:
            return
        try:
            self._file.write(f"{line}\n")
        except OSError as error:
            self._failed = True
            raise TabularError(f"cannot write {self._own}: {error.strerror}") from error
        if time.monotonic() - self._published > PUBLISH_SECONDS:
            self._publish()

    def close(self) -> None:
        """Ends the file, and brings its copy up to date."""
        with contextlib.suppress(OSError):  # of a full disk, as `write` has said
            self._file.close()
        self._publish()

    def _publish(self) -> None:
        self._published = time.monotonic()
        if self._copied:
            with contract.atomic_write(self.path) as file:
                file.write(self._own.read_bytes())


class _ToFile(logging.Handler):
    def __init__(self, file: RunFile) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        self._file.write(escaped(self.format(record)))


class RunLog:
    """`training.log` and `progress.jsonl` of one run directory.

    A line of `progress.jsonl` is a JSON object: of an epoch, its number, of at most how many
    (`epochs`), the losses, best_epoch, best_loss (null before there is one) and seconds; or of a
    candidate of `auto` that begins, the `round`, its name, `number`, `of` how many, and `best` and
    best_loss of those before it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._log = RunFile(directory / contract.LOG)
        self._progress = RunFile(directory / contract.PROGRESS)

    @contextlib.contextmanager
    def recording(self, append: bool) -> Iterator["RunLog"]:
        """Records what is logged inside; with `append`, after what an earlier start recorded.

        Raises:
            InputError: the directory cannot be written to.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            # What is there no longer counts as whole, until this run is.
            (self.directory / contract.MANIFEST).unlink(missing_ok=True)
            for name in contract.RESULTS:
                contract.remove_leftovers(self.directory, name)
            self._log.open(append)
            self._progress.open(append=False)
        except OSError as error:
            raise InputError(
                f"the output directory must be writable, got {self.directory} ({error.strerror})"
            ) from error
        try:
            with _handling(_ToFile(self._log)):
                yield self
        finally:
            self._log.close()
            self._progress.close()

    def write_progress(self, rows: Sequence[dict[str, Any]]) -> None:
        """Adds lines to `progress.jsonl`."""
        for row in rows:
            self._progress.write(json.dumps(row))

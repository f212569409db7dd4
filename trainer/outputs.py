"""What a run leaves side by side: model.pt, metrics.json, eval_history.csv, val_predictions.npz,
training.log, spec.json and test_predictions.npz when there are some, and manifest.json last, which
makes them whole."""

import contextlib
import io
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TextIO, cast

import numpy as np

from trainer import contract
from trainer.errors import InputError, TabularError
from trainer.uri import mount

FILES = (
    contract.MODEL,
    contract.METRICS,
    contract.HISTORY,
    contract.PREDICTIONS,
    contract.TEST_PREDICTIONS,
    contract.SPEC,
    contract.LOG,
    contract.MANIFEST,
)


class Log:
    """The copy of all that a run prints, on stdout and stderr, in `training.log`.

    On mounted Cloud Storage a file appears when it is closed. There the log is written to the
    machine's own disk, and a copy brought up to date each minute and at the end.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / contract.LOG
        self._copied = directory.is_relative_to(mount())
        self._own = Path(tempfile.mkdtemp()) / contract.LOG if self._copied else self.path
        self._published = time.monotonic()
        self._failed = False

    @contextlib.contextmanager
    def recording(self, append: bool) -> Iterator[None]:
        """Records what is printed inside; with `append`, after what an earlier start recorded.

        Raises:
            InputError: the directory cannot be written to.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # What is there no longer counts as whole, until this run is.
            (self.path.parent / contract.MANIFEST).unlink(missing_ok=True)
            for name in FILES:
                contract.remove_leftovers(self.path.parent, name)
            if append and self._copied and self.path.is_file():
                shutil.copyfile(self.path, self._own)
            mode = "a" if append else "w"
            self._file = open(self._own, mode, 1, "utf-8", "backslashreplace")  # noqa: SIM115
            self._publish()
        except OSError as error:
            raise InputError(
                f"the output directory must be writable, got {self.path.parent}: {error.strerror}"
            ) from error
        stdout, stderr = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = cast(TextIO, _Tee(stdout, self)), cast(TextIO, _Tee(stderr, self))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = stdout, stderr
            with contextlib.suppress(OSError):  # of a full disk, as `write` has said
                self._file.close()
            self._publish()

    def write(self, text: str) -> None:
        """Adds to the log.

        Raises:
            TabularError: it cannot be written, as on a full disk; said once, since the error is
                itself written here.
        """
        if self._failed:
            return
        try:
            self._file.write(text)
        except OSError as error:
            self._failed = True
            raise TabularError(f"cannot write {self._own}: {error.strerror}") from error
        if time.monotonic() - self._published > 60:
            self._publish()

    def _publish(self) -> None:
        self._published = time.monotonic()
        if self._copied:
            with contract.atomic_write(self.path) as file:
                file.write(self._own.read_bytes())


class _Tee:
    """A text stream that also writes to the log."""

    def __init__(self, stream: IO[str], log: Log) -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        count = self._stream.write(text)
        self._log.write(text)
        return count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def write(
    directory: Path,
    model: dict[str, Any],
    metrics: dict[str, Any],
    history: Sequence[dict[str, float]],
    predictions: Mapping[str, Mapping[str, Any]],
    spec: bytes | None,
) -> list[str]:
    """Writes the results, each file whole or not at all; returns their names.

    `model` is a state_dict; `predictions` the arrays of each npz, by its name. The same results
    give the same bytes of model.pt.
    """
    import torch

    files: dict[str, bytes] = {}
    with io.BytesIO() as buffer:
        torch.save(model, buffer)
        files[contract.MODEL] = buffer.getvalue()
    files[contract.METRICS] = json.dumps(_json(metrics), indent=2).encode() + b"\n"
    files[contract.HISTORY] = "".join(_csv(history)).encode()
    if spec is not None:
        files[contract.SPEC] = spec
    for name, content in files.items():
        with contract.atomic_write(directory / name) as file:
            file.write(content)
    for name, arrays in predictions.items():
        with contract.atomic_write(directory / name) as file:
            np.savez(file, **arrays)
    return [*files, *predictions]


def _json(value: Any) -> Any:
    """`value` with null for what JSON cannot hold: the AUC of one class is not a number."""
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(rows: Sequence[dict[str, float]]) -> Iterable[str]:
    yield ",".join(rows[0] if rows else ()) + "\n"
    for row in rows:
        yield ",".join(repr(value) for value in row.values()) + "\n"


def report_to_hypertune(loss: float, epochs: int) -> None:
    """Tells Vertex's hyperparameter tuning the validation loss, when its package is installed
    (https://cloud.google.com/vertex-ai/docs/training/code-requirements#report-metrics)."""
    try:
        import hypertune  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return
    hypertune.HyperTune().report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag="validation_loss", metric_value=loss, global_step=epochs
    )

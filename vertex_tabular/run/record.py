"""The record of a local run, run.json in the run's own directory."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer.contract import atomic_write
from trainer.errors import InputError
from trainer.reading import read_json

RECORD = "run.json"
SAME_START_SECONDS = 1.0  # the clock may be set meanwhile, by which a start time is told
LATEST = 2.0**37  # of a start, in the year 6325: what is later is no time of this machine


@dataclass
class Run:
    """One run of a pipeline on this machine; `run.json` in its directory holds the same.

    Attributes:
        run_id: name of the run's directory.
        state: RUNNING, SUCCEEDED, FAILED or CANCELLED; or KILLED, of one that was read, says that
            it was RUNNING and that its process is gone.
        started: when it began, Unix seconds.
        parameters: what the run was given.
        defaults: the pipeline's values of the parameters that were not given.
        fingerprint: what tells the input's content from any other.
        val_sha256: of the file of the validation rows.
        code: digest of the code that the steps run.
        metrics: what the run's `metrics` artifact logged.
        summary: what the report's first sentences say.
        artifacts: path of each output of the pipeline, by name.
        outputs: value of each output of the pipeline that is a parameter, by name.
        seconds: how long each step that ran took.
        cached: the steps whose results came from the cache.
        kept: the steps that an earlier start of the run had finished.
        caching: whether steps may come from the cache.
        error: why it failed: one line, empty unless `state` is FAILED.
        process: id of the process that runs it.
        process_started: when that began, Unix seconds, which tells it from a later one of that id.
        name: what the user called it; empty if nothing.
    """

    run_id: str
    state: str = "RUNNING"
    started: float = 0.0
    parameters: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    val_sha256: str = ""
    code: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    summary: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    caching: bool = False
    error: str = ""
    process: int = 0
    process_started: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError if it is no run's, as where its file is damaged."""
        if not 0 <= self.started < LATEST or not 0 <= self.process < 1 << 31:
            raise ValueError(f"started {self.started} by process {self.process}")

    def save(self, directory: Path) -> None:
        """Writes `run.json`, whole or not at all."""
        with atomic_write(directory / RECORD) as file:
            file.write(json.dumps(asdict(self), indent=2).encode() + b"\n")


def load(directory: Path) -> Run:
    """Reads `run.json`.

    Raises:
        InputError: the directory is not that of a local run, or its record is damaged.
    """
    path = directory / RECORD
    if not path.exists():
        raise InputError(f"a run's directory must have {RECORD}, got {directory}")
    run = read_json(path, Run, "the record of a run", "it is damaged", InputError)
    if run.state == "RUNNING" and not _is_alive(run):
        run.state = "KILLED"
    return run


def _is_alive(run: Run) -> bool:
    """Is the process still there that runs it? Without psutil, which `tabpipe` needs, the record
    is believed."""
    try:
        import psutil
    except ImportError:
        return True
    try:
        started = psutil.Process(run.process).create_time()
        return bool(abs(started - run.process_started) < SAME_START_SECONDS)
    except (psutil.NoSuchProcess, TypeError, ValueError, OverflowError):
        return False
    except psutil.AccessDenied:
        return True

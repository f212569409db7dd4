"""What `pipelines.local.step` recorded of the steps of a run: their state, and their logs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.local.processes import killed_by
from pipelines.local.step import log_path, record_path
from trainer.errors import InputError, TabularError
from trainer.reading import read_json, typed
from vertex_tabular.run.progress import training_progress


@dataclass(frozen=True, kw_only=True)
class _Started:
    """What is recorded of a step that runs."""

    started: float
    log_start: int = 0


@dataclass(frozen=True, kw_only=True)
class _Ended(_Started):
    """And of one that has ended."""

    seconds: float
    status: int


def read_record(directory: Path, step: str) -> dict[str, Any]:
    """What `pipelines.local.step` recorded of a step so far; empty when it has not started, or when
    the record is damaged."""
    try:
        record = read_json(record_path(directory, step), dict[str, Any], "a step's record")
        typed(_Ended if "seconds" in record else _Started, record)
    except (TabularError, ValueError):  # not started, being written at this moment, or damaged
        return {}
    return record


def step_progress(directory: Path, step: str) -> str:
    """How far a step is that trains; empty of another."""
    return training_progress(directory / step / "run_directory")


def failed_step(directory: Path, steps: list[str]) -> str | None:
    """The name of the step that failed, if one did."""
    return next((step for step in steps if read_record(directory, step).get("status")), None)


def running_step(directory: Path, steps: list[str]) -> str | None:
    """The name of the step that has begun and not ended, if there is one."""
    records = {step: read_record(directory, step) for step in steps}
    return next((step for step in steps if records[step] and "seconds" not in records[step]), None)


def pinned(directory: Path, step: str) -> dict[str, str] | None:
    """What a `snapshot` of a run returned: `csv` and `fingerprint`; None if that is not known."""
    try:
        content = json.loads((directory / step / "executor_output.json").read_bytes())
        outputs: dict[str, str] = content["parameterValues"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outputs


def last_lines(directory: Path, step: str, limit: int = 10) -> list[str]:
    """The end of a step's log."""
    return _log(directory, step).splitlines()[-limit:]


def why_failed(directory: Path, step: str) -> TabularError:
    """The error of a step that failed: its name, and the signal that ended it, or the error or last
    line that it logged."""
    status = read_record(directory, step)["status"]
    if why := killed_by(status):
        return TabularError(f"{step} was {why}")
    text = _log(directory, step)
    _, reported, error = text.rpartition("\nerror: ")
    why = error if reported else text.rpartition("\n")[2].removeprefix("error: ")
    kind = InputError if status == InputError.exit_status else TabularError
    return kind(f"{step} failed: {why or 'it printed nothing'}")


def _log(directory: Path, step: str) -> str:
    """What a step has logged since it was last started."""
    start = read_record(directory, step).get("log_start", 0)
    try:
        return log_path(directory, step).read_bytes()[start:].decode(errors="replace").rstrip()
    except FileNotFoundError:
        return ""

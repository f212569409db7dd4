"""What `pipelines.local.step` recorded of the steps of a run: their state, and their logs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.local.step import log_path, record_path
from trainer.errors import InputError, TabularError
from trainer.reading import read_json, typed


@dataclass(frozen=True)
class _Started:
    """What is recorded of a step that runs."""

    started: float


@dataclass(frozen=True)
class _Ended(_Started):
    """And of one that has ended."""

    seconds: float
    status: int


def read_record(directory: Path, step: str) -> dict[str, Any]:
    """What `pipelines.local.step` recorded of a step so far; empty when it has not started."""
    try:
        record = read_json(record_path(directory, step), dict[str, Any], "a step's record")
        typed(_Ended if "seconds" in record else _Started, record)
    except (TabularError, ValueError):  # not started, being written at this moment, or damaged
        return {}
    return record


def failed_step(directory: Path, steps: list[str]) -> str | None:
    """The name of the step that failed, if one did."""
    return next((step for step in steps if read_record(directory, step).get("status")), None)


def last_lines(directory: Path, step: str, limit: int = 10) -> list[str]:
    """The end of a step's log."""
    return log_path(directory, step).read_text(errors="replace").rstrip().splitlines()[-limit:]


def why_failed(directory: Path, step: str) -> TabularError:
    """The error of a step that failed: its name, and the error or last line that it logged."""
    text = log_path(directory, step).read_text(errors="replace").rstrip()
    _, reported, error = text.rpartition("\nerror: ")
    why = error if reported else text.rpartition("\n")[2].removeprefix("error: ")
    status = read_record(directory, step)["status"]
    kind = InputError if status == InputError.exit_status else TabularError
    return kind(f"{step} failed: {why or 'it printed nothing'}")

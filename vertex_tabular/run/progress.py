"""How far a training is, by the progress.jsonl that it writes while it runs."""

import json
import math
from pathlib import Path
from typing import Any

from trainer.contract import PROGRESS
from vertex_tabular.pages.formatting import decimal, seconds, whole

END_BYTES = 4096  # of the file, in which its last line is


def training_progress(run_directory: Path) -> str:
    """A line on the epoch or the candidate under way; empty where none is known yet.

    Args:
        run_directory: what training writes to; it need not be there yet.
    """
    line = _last_line(run_directory / PROGRESS)
    try:
        return _of_candidate(line) if "candidate" in line else _of_epoch(line)
    except (KeyError, TypeError, ValueError):  # it is being written, or of another version
        return ""


def _last_line(path: Path) -> dict[str, Any]:
    """The last whole line of the file."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - END_BYTES))
            *lines, _ = file.read().split(b"\n")
        line = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return {}
    return line if isinstance(line, dict) else {}


def _of_epoch(line: dict[str, Any]) -> str:
    said = [
        f"epoch {whole(line['epoch'])} of at most {whole(line['epochs'])}",
        f"train loss {decimal(line['train_loss'])}",
        f"validation {decimal(line['validation_loss'])}",
    ]
    if line["best_loss"] is not None:
        said.append(f"best {decimal(line['best_loss'])} at {whole(line['best_epoch'])}")
    left = line["seconds"] * (line["epochs"] - line["epoch"])
    if left and math.isfinite(left):
        said.append(f"at most {seconds(left)} left")
    return ", ".join(said)


def _of_candidate(line: dict[str, Any]) -> str:
    what = "candidate" if line["round"] == 1 else "finalist"
    said = f"{what} {whole(line['number'])} of {whole(line['of'])}, {line['candidate']}"
    if line["best"]:
        said += f"; best {line['best']}, loss {decimal(line['best_loss'])}"
    return said

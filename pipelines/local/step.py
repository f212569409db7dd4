"""Runs one step of a local run: its output to a log file, its time and status to a record.

    python -m pipelines.local.step STEP PIPELINE_ROOT COMMAND [ARGUMENT …]

`pipelines.local` puts this in front of every step's command. It imports next to nothing, because
each step pays for it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path


def log_path(pipeline_root: Path, step: str) -> Path:
    """Where a step's output goes, stdout and stderr."""
    return pipeline_root / "steps" / f"{step}.log"


def record_path(pipeline_root: Path, step: str) -> Path:
    """Where a step's record is: `started` (Unix seconds), then also `seconds` and `status`."""
    return pipeline_root / "steps" / f"{step}.json"


def main(argv: list[str]) -> int:
    step, root, *command = argv
    log, record = log_path(Path(root), step), record_path(Path(root), step)
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.time()
    record.write_text(json.dumps({"started": started}))
    with open(log, "ab") as output:
        status = subprocess.call(command, stdout=output, stderr=subprocess.STDOUT)
    seconds = round(time.time() - started, 3)
    record.write_text(json.dumps({"started": started, "seconds": seconds, "status": status}))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

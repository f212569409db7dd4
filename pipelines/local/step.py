"""Runs one step of a local run: its output to a log file, its time and status to a record.

    python -m pipelines.local.step STEP PIPELINE_ROOT COMMAND [ARGUMENT …]

`pipelines.local` puts this in front of every step's command. It imports next to nothing, because
each step pays for it. The temporary files of a step are in the run's directory.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.local.digests import digests_of
from pipelines.local.processes import exit_status, killed_by, run_process
from trainer.contract import atomic_write


def log_path(pipeline_root: Path, step: str) -> Path:
    """Where a step's output goes, stdout and stderr."""
    return pipeline_root / "steps" / f"{step}.log"


def record_path(pipeline_root: Path, step: str) -> Path:
    """Where a step's record is: `started` (Unix seconds) and `log_start` (bytes of the log that are
    of an earlier start), then also `seconds`, `status`, and of a step that succeeded `files` (the
    sha256 of each) and their `directory`. `kept` is what a resumed run need not do again."""
    return pipeline_root / "steps" / f"{step}.json"


def write_record(pipeline_root: Path, step: str, record: dict[str, Any]) -> None:
    """Writes a step's record, whole or not at all."""
    with atomic_write(record_path(pipeline_root, step)) as file:
        file.write(json.dumps(record).encode())


def main(argv: list[str]) -> int:
    step, name, *command = argv
    root = Path(name)
    parent = run_process()
    if os.getppid() != parent:  # it was killed before this process could look
        return 1
    with contextlib.suppress(OSError, ValueError):
        if json.loads(record_path(root, step).read_bytes()).get("kept"):
            return 0
    log = log_path(root, step)
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with open(log, "ab") as output, _temporary_files_in(log.with_suffix(".tmp")):
        record: dict[str, Any] = {"started": started, "log_start": output.tell()}
        write_record(root, step, record)
        status = exit_status(subprocess.call(command, stdout=output, stderr=subprocess.STDOUT))
        if why := killed_by(status):
            output.write(f"{why}\n".encode())
    if status and os.getppid() != parent:
        return status  # it was ended with the run
    if not log.parent.is_dir():
        return status  # somebody has removed the run
    record |= {"seconds": round(time.time() - started, 3), "status": status}
    if status == 0:
        record |= {"directory": name, "files": digests_of(root / step)}
    write_record(root, step, record)
    return status


@contextlib.contextmanager
def _temporary_files_in(directory: Path) -> Iterator[None]:
    """Inside, processes that are started have their temporary files in a directory that goes."""
    shutil.rmtree(directory, ignore_errors=True)  # of a start that was killed
    directory.mkdir()
    os.environ["TMPDIR"] = str(directory)
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

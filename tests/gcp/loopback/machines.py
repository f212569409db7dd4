"""The machines of the loopback cloud: processes, a few at once, none of which outlives it."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

GRACE_SECONDS = 5


class Machines:
    """Runs modules as processes in their own groups.

    Args:
        directory: each process's log goes there.
        environ: the environment of every process.
        logs: receives where each job's log is, by the job's number.
        at_once: how many pipelines run at the same time.
    """

    def __init__(
        self, directory: Path, environ: Mapping[str, str], logs: dict[str, Path], at_once: int
    ) -> None:
        self.directory = directory
        self.logs = logs
        self._environ = environ
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="machine")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._closed = threading.Event()

    def later(self, work: Callable[[], None]) -> None:
        """Does `work` in a thread when there is room; for a pipeline, which waits for its jobs."""
        self._pool.submit(work)

    def run(self, module: str, directory: Path) -> int:
        """Runs `python -m module directory`; its status, negative when a signal ended it."""
        if self._closed.is_set():
            return -signal.SIGTERM
        with open(directory / "log.txt", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(directory)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environ},
            )
        self._running[directory.name] = process
        try:
            return process.wait()
        finally:
            del self._running[directory.name]

    def stop(self, name: str) -> None:
        """Ends what runs in the directory of that name, as a preemption does: SIGTERM first."""
        process = self._running.get(name)
        if process:
            end_tree(process)

    def close(self) -> None:
        """Ends everything, and waits for it."""
        self._closed.set()
        for name in list(self._running):
            self.stop(name)
        self._pool.shutdown(cancel_futures=True)


def end_tree(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process and all that it started: SIGTERM, and SIGKILL after the grace period."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
        for member in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.terminate()
        process.terminate()
        # Not `process` itself: psutil would take its exit status away from `Popen.wait`.
        for member in psutil.wait_procs(started, timeout=GRACE_SECONDS)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()

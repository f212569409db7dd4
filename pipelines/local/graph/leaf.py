"""Runs one container of a graph, by `pipelines.local.step`, which keeps its log and its record."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.local.commands.long_arguments import shortened
from pipelines.local.graph.commands import command_of, is_custom_job, is_lightweight
from pipelines.local.graph.placeholders import filled_in, with_whole_message, words
from pipelines.local.step import log_path


class Processes:
    """Starts processes, a few at once, until `stop`."""

    def __init__(self, at_once: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._starting = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """From now on none is started; those that run are ended by whoever stops the run."""
        with self._starting:
            self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def wait(self, seconds: float) -> None:
        """Waits, but not longer than until `stop`."""
        self._stopped.wait(seconds)

    def run(self, command: Sequence[str], folder: Path, log: Path) -> int:
        """The status of a command in a working directory, what it prints itself in a log; that of
        SIGTERM if it must not start any more."""
        environment = {
            **os.environ,
            # A container's `python3` is the one that runs this, with its packages.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        with self._slots:
            with self._starting:
                if self.stopped:
                    return 143
                with open(log, "ab") as output:
                    process = subprocess.Popen(
                        command,
                        cwd=folder,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                    )
            return process.wait()


def run(
    container: Mapping[str, Any],
    message: Mapping[str, Any],
    names: Mapping[str, str],
    directory: Path,
    step: str,
    processes: Processes,
) -> int:
    """Runs a container's command here, and returns its status.

    Args:
        container: `command`, `args` and `env`, with placeholders.
        message: KFP's ExecutorInput.
        names: what else placeholders stand for.
        directory: the run's.
        step: its name in the run.
        processes: what starts it.
    """
    folder, log = directory / step, log_path(directory, step)
    shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
    for path in (folder, log.parent):
        path.mkdir(parents=True, exist_ok=True)
    arguments = [each for word in container.get("args", []) for each in words(word, message, names)]
    if is_lightweight(container):
        command = command_of(container)  # whose last word is code: it has no placeholders
    else:
        command = [each for word in command_of(container) for each in words(word, message, names)]
    if is_custom_job(container):
        arguments = [with_whole_message(each, message) for each in arguments]
        arguments += [*words("--executor_input", message, names), *words("{{$}}", message, names)]
    if is_custom_job(container) or is_lightweight(container):
        arguments = list(shortened(arguments, directory / "steps" / step))
    settings = [
        f"{each['name']}={filled_in(each.get('value', ''), message, names)}"
        for each in container.get("env", [])
    ]
    recorder = [sys.executable, "-m", "pipelines.local.step", step, str(directory)]
    with_settings = ["env", *settings] if settings else []
    return processes.run([*recorder, *with_settings, *command, *arguments], folder, log)

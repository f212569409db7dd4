"""No process of a run outlives it, however it ends; and which signal ended one.

    python -m pipelines.local.processes DIRECTORY

ends the processes of the run in DIRECTORY when its stdin closes without a word, which is when the
process that runs it was killed. Each step of a run imports this, so psutil, which takes 30 ms, is
imported where it is needed.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from psutil import Process

GRACE_SECONDS = 3
GRACE_OF_ORPHANS_SECONDS = 0.7  # in which training saves a checkpoint
KILLED_SECONDS = 0.5  # until SIGKILL has worked
MAX_ROUNDS = 10
# In the environment of each process of a run: the id of the one that runs it, and its directory.
MARK = "TABULAR_RUN"
SIGNALLED = 128  # a shell's status of a program that a signal ended is this and the signal's number
MEANINGS = {
    signal.SIGKILL: "out of memory?",
    signal.SIGTERM: "another program, or the system, asked it to stop",
    signal.SIGHUP: "its terminal was closed",
    signal.SIGINT: "interrupted",
    signal.SIGABRT: "it gave up; out of memory?",
    signal.SIGSEGV: "a fault in a compiled library?",
    signal.SIGBUS: "a disk is full, or a file was cut while it was read?",
    signal.SIGILL: "a library was built for another processor?",
    signal.SIGFPE: "a fault in a compiled library?",
    signal.SIGXCPU: "the limit of processor time, ulimit -t",
    signal.SIGXFSZ: "the limit of a file's size, ulimit -f",
}


@contextlib.contextmanager
def stopped_with_this_process(directory: Path) -> Iterator[None]:
    """Ends every process started inside, whatever ends the block, but none that the caller had
    before. SIGTERM, and SIGHUP as a closed terminal sends it, count as Ctrl-C. The processes are
    marked as those of the run in `directory`; should this one be killed, a guard, which is not
    below it in the tree of processes, ends those that bear the mark."""
    import psutil

    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    this = psutil.Process()
    spared = this.children()
    before = [signal.signal(number, interrupt) for number in signals]
    guard = subprocess.Popen(
        [sys.executable, "-m", "pipelines.local.processes", str(directory)],
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not for it
    )
    os.environ[MARK] = f"{this.pid}:{directory}"
    orphans: list[Process] = []
    try:
        yield
    except BaseException:
        orphans = processes_of(directory)  # of a step that was itself killed
        raise
    finally:
        del os.environ[MARK]
        guard.communicate(b".")
        started = [child for child in this.children() if child not in spared]
        for child in [*started]:
            with contextlib.suppress(psutil.NoSuchProcess):
                started += child.children(recursive=True)
        _end({*started, *orphans}, GRACE_SECONDS)
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def processes_of(directory: Path) -> list["Process"]:
    """The processes of the run in `directory`, but for this one, wherever they are in the tree."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            mark = process.environ().get(MARK, "")
            if mark.partition(":")[2] == str(directory) and process.pid != os.getpid():
                found.append(process)
    return found


def end_processes_of(directory: Path) -> int:
    """Ends what a run that was killed has left; returns how many processes that were."""
    ended = 0
    for _ in range(MAX_ROUNDS):  # one may have started another meanwhile
        if not (found := processes_of(directory)):
            break
        _end(found, 0 if ended else GRACE_OF_ORPHANS_SECONDS)
        ended += len(found)
    return ended


def _end(processes: Collection["Process"], grace: float) -> None:
    """SIGTERM, and SIGKILL to whatever outlasts the grace period."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    left = psutil.wait_procs(processes, timeout=grace)[1]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=KILLED_SECONDS)


def exit_status(returncode: int) -> int:
    """The status of a process as a shell has it, of what `subprocess` calls -9 when signal 9 ended
    it."""
    return SIGNALLED - returncode if returncode < 0 else returncode


def killed_by(status: int) -> str:
    """Which signal a status stands for, and what that usually means; empty if for none."""
    try:
        number = signal.Signals(status - SIGNALLED)
    except ValueError:
        return ""
    meaning = MEANINGS.get(number, number.name)
    return f"killed by signal {number.value} ({meaning})"


def run_process() -> int:
    """The id of the process that runs the pipeline, in one that it started."""
    process, _, _ = os.environ.get(MARK, "").partition(":")
    return int(process) if process else os.getppid()


def main(argv: list[str]) -> None:
    importlib.import_module("psutil")  # now, not when there is no time

    if os.fork() == 0 and not sys.stdin.buffer.read(1):
        end_processes_of(Path(argv[0]))


if __name__ == "__main__":
    main(sys.argv[1:])

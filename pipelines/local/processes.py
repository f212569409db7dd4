"""No process of a run outlives it, however it ends."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

import psutil

GRACE_SECONDS = 3


@contextlib.contextmanager
def stopped_with_this_process() -> Iterator[None]:
    """Ends every process started inside, whatever ends the block, but none that the caller had
    before. SIGTERM, and SIGHUP as a closed terminal sends it, count as Ctrl-C."""

    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    this = psutil.Process()
    spared = this.children()
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        started = [child for child in this.children() if child not in spared]
        for child in [*started]:
            with contextlib.suppress(psutil.NoSuchProcess):
                started += child.children(recursive=True)
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(started, timeout=GRACE_SECONDS)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)

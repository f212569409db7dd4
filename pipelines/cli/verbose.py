"""What the steps of a run log, printed while they run: tabpipe run --verbose"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from pipelines.local.step import log_path
from trainer.terminal import echo

LOOK_SECONDS = 0.2


@contextlib.contextmanager
def watch(directory: Path, steps: list[str]) -> Iterator[None]:
    """Prints each line that a step of the run in `directory` logs while inside, after its name."""
    ended = threading.Event()
    follower = threading.Thread(target=_follow, args=(directory, steps, ended))
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()


def _follow(directory: Path, steps: list[str], ended: threading.Event) -> None:
    seen = dict.fromkeys(steps, 0)  # bytes of each log that were printed
    last_look = False
    while not last_look:
        last_look = ended.wait(LOOK_SECONDS)
        for step in steps:
            path = log_path(directory, step)
            if not path.is_file():
                continue
            with open(path, "rb") as log:
                log.seek(seen[step])
                new = log.read()
            whole = len(new) if last_look else new.rfind(b"\n") + 1
            seen[step] += whole
            for line in new[:whole].decode(errors="replace").splitlines():
                echo(f"{step}: {line}", err=True)

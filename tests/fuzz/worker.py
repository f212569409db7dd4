"""A process that runs commands one after the other, and says of each how it ended.

    python -m tests.fuzz.worker DIRECTORY

It reads a line for each, a JSON list: `tabpipe` or `trainer`, and its arguments. It prints a line:
exit status, stdout, stderr, seconds, and the most memory that the process has had so far, in bytes.
"""

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
from types import FrameType
from typing import NoReturn

from tests import shell

MAX_SECONDS = 10
ADDRESSES = 16 << 30  # bytes; torch alone maps several GB that it never touches


class Hang(BaseException):
    """A command took longer than `MAX_SECONDS`."""


def _too_long(signum: int, frame: FrameType | None) -> NoReturn:
    raise Hang


def run(program: str, arguments: list[str]) -> tuple[int, str, str]:
    """One command as a process of its own would run it; its traceback, if there is one."""
    if program == "tabpipe":
        return shell.run(arguments)
    from trainer.__main__ import main

    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except Exception:
            traceback.print_exc()
            status = 1
    return status, output.getvalue(), errors.getvalue()


def main(directory: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else writes there
    os.chdir(directory)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    signal.signal(signal.SIGALRM, _too_long)
    for line in sys.stdin:
        program, *arguments = json.loads(line)
        began = time.perf_counter()
        signal.alarm(MAX_SECONDS)
        try:
            status, output, errors = run(program, arguments)
        except Hang:
            status, output, errors = -1, "", traceback.format_exc()
        finally:
            signal.alarm(0)
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([status, output, errors, seconds, memory]), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

"""One process that runs `tabpipe` commands one after the other, which spares starting each anew.

    python -m tests.shell

It reads a line for each, a JSON list of arguments, and prints a line: exit status, stdout, stderr.
A line that is a JSON string is a directory to go on in.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Result:
    """What a command left."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The last line of stderr, which is where an error is."""
        return self.stderr.strip().splitlines()[-1]


class Shell:
    """The process, to be called with a command's arguments.

    Args:
        directory: where it begins.
        environ: its environment.
    """

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.shell"],
            cwd=directory,
            env={**environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Result:
        assert self._process.stdin and self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        return Result(*json.loads(self._process.stdout.readline()))

    def go_to(self, directory: Path) -> None:
        """Runs what follows in `directory`."""
        assert self._process.stdin
        print(json.dumps(str(directory)), file=self._process.stdin, flush=True)

    def close(self) -> None:
        self._process.communicate(timeout=TIMEOUT_SECONDS)


def tabpipe(*arguments: str) -> int:
    """Runs a command in this process, and reports as `tabpipe` does; its exit status."""
    from pipelines.cli.app import main

    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def run(arguments: list[str]) -> tuple[int, str, str]:
    """One command, as a process of its own would run it."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = tabpipe(*arguments)
        except Exception:
            traceback.print_exc()
            status = 1
    return status, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        match json.loads(line):
            case str(directory):
                os.chdir(directory)
            case arguments:
                print(json.dumps(run(arguments)), flush=True)

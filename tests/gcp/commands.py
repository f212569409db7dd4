"""Runs one `tabpipe` command after the other in one process, which spares starting each anew.

    python -m tests.gcp.commands

It reads a line for each, a JSON list of arguments, and prints a line: exit status, stdout, stderr.
A line that is a JSON string is a directory to go on in.
"""

import contextlib
import io
import json
import os
import sys

from pipelines.cli import main


def run(argv: list[str]) -> tuple[int, str, str]:
    """One command, as the shell would run it."""
    output, errors = io.StringIO(), io.StringIO()
    sys.argv = ["tabpipe", *argv]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main()
            status = 0
        except SystemExit as exit:
            status = int(exit.code or 0)
    return status, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        match json.loads(line):
            case str(directory):
                os.chdir(directory)
            case arguments:
                print(json.dumps(run(arguments)), flush=True)

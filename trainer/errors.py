"""What can go wrong, as the command line reports it.

    TabularError       the run failed                           exit status 1
    ├── InputError     the input or the usage is at fault       exit status 2
    └── Interrupted    nothing is: start it again, to go on     exit status 143

All say what is wrong, where, the value, and the cure: one line, or one for each thing wrong.
"""

import contextlib
from collections.abc import Iterator

from trainer.terminal import echo


class TabularError(Exception):
    """The run failed: one line says which part and why."""

    exit_status = 1


class InputError(TabularError):
    """The caller's input is at fault: `RULE, got VALUE; CURE`."""

    exit_status = 2


class Interrupted(TabularError):
    """The platform took the machine of this process, or of one that it works with.

    143 = 128 + 15 is what a shell reports for a process that SIGTERM ended. Vertex AI documents
    that it retries 6, 134, 11 and 139, and not what it does with this one; where it took the
    machine, it starts the job anew whatever the status. 1 and 2 say that a retry is no use.
    """

    exit_status = 143


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Turns an error into its one line on stderr and the exit status that goes with it.

    Raises:
        SystemExit: with the error's `exit_status`.
    """
    try:
        yield
    except TabularError as error:
        echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_status) from None

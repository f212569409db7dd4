"""What can go wrong, as the command line reports it.

    TabularError       the run failed                           exit status 1
    └── InputError     the input or the usage is at fault       exit status 2

Both say what is wrong, where, the value, and the cure: one line, or one for each thing wrong.
"""

import contextlib
import sys
from collections.abc import Iterator


class TabularError(Exception):
    """The run failed: one line says which part and why."""

    exit_status = 1


class InputError(TabularError):
    """The caller's input is at fault: "rule, however: value"."""

    exit_status = 2


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turns either error into its one line on stderr and the exit status that goes with it.

    Raises:
        SystemExit: with the error's `exit_status`.
    """
    try:
        yield
    except TabularError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_status) from None

"""What can go wrong, as the command line reports it.

    TabularError       the run failed                           exit status 1
    ├── InputError     the input or the usage is at fault       exit status 2
    └── Interrupted    nothing is: start it again, to go on     exit status 143

All say what is wrong, where, the value, and the cure: one line, or one for each thing wrong. What
the operating system refuses (a full disk, memory, a limit of the shell's `ulimit`) becomes one of
them in `of_system`, and Ctrl-C ends with 130.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

from trainer.terminal import echo

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
# What is wrong with a path that the user named, and not with the machine.
OF_PATHS = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR),
    *(errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG),
)
CURES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EFBIG: "raise `ulimit -f`",
    errno.EMFILE: "raise `ulimit -n`",
    errno.EAGAIN: "raise `ulimit -u`",
}
# What libraries in C++ raise RuntimeError of.
OUT_OF_RESOURCES = ("allocate memory", "out of memory", "can't start new thread")


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


def of_system(error: BaseException, extra: str = "all") -> TabularError | None:
    """The error that what the operating system refused, or a package that is not installed, is;
    None if it is neither. `extra` is the one of this package that what was to run needs."""
    match error:
        case ModuleNotFoundError(name=str(name)):
            package = name.partition(".")[0]
            return InputError(
                f"{package} must be installed, got none; pip install 'vertex-tabular[{extra}]'"
            )
        case OSError(strerror=str(reason)):
            kind = InputError if error.errno in OF_PATHS else TabularError
            names = [str(name) for name in (error.filename, error.filename2) if name]
            if error.errno == errno.ENOENT and not names:
                return kind("the working directory must exist, got one that was removed; leave it")
            cure = f"; {CURES[error.errno]}" if error.errno in CURES else ""
            return kind(f"the system must allow this, got {': '.join([*names, reason])}{cure}")
        case MemoryError():
            return TabularError("the data must fit the memory, got none left; see `ulimit -v`")
        case RuntimeError() | ImportError() | OSError():
            reason = " ".join(str(error).split())
            if isinstance(error, RuntimeError) and not any(w in reason for w in OUT_OF_RESOURCES):
                return None
            return TabularError(reason)
    return None


@contextlib.contextmanager
def exit_on_error(extra: str = "all") -> Iterator[None]:
    """Turns an error into its one line on stderr and the exit status that goes with it.

    Args:
        extra: the extra of this package that has what runs inside.

    Raises:
        SystemExit: with the error's `exit_status`; 130 after Ctrl-C.
    """
    try:
        os.getcwd()  # where it was removed, libraries fail with words of their own
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except TabularError as error:
        _leave(str(error), error.exit_status)
    except Exception as error:
        if (known := of_system(error, extra)) is None:
            raise
        _leave(str(known), known.exit_status)


def _leave(line: str, status: int) -> NoReturn:
    """Prints a line on stderr and exits, also when an output cannot be written to any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is sys.stderr:
                echo(f"error: {line}", err=True)
            stream.flush()
        except (OSError, ValueError):  # as at exit, where Python would say so once more
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(status) from None

"""The `tabpipe` command: tabpipe --help

Each command imports what it needs when it runs, so that `tabpipe --help` is quick.
"""

from collections.abc import Sequence
from typing import Any, NoReturn, cast

import typer

from pipelines.cli import benchmark, cache, data, init, lint, plots, predict, run, vertex
from trainer.errors import InputError, exit_on_error
from trainer.terminal import echoed_warnings

# Click's, of which a newer Typer has a copy of its own.
UsageError = cast(type[Exception], typer.BadParameter.__bases__[0])

app = typer.Typer(
    help="A CSV becomes a trained PyTorch model, through one compiled pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group in (run, cache, data, plots, benchmark, init, lint, predict, vertex):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; an error is one line on stderr and its exit status.

    Args:
        arguments: what follows `tabpipe`; those of this process if not given.

    Raises:
        SystemExit: with the exit status, unless that is 0.
    """
    with exit_on_error(), echoed_warnings():
        try:
            status = app(arguments, prog_name="tabpipe", standalone_mode=False)
        except UsageError as error:
            _refuse(error)
        except typer.Abort:  # the end of the input, where an answer was asked for
            raise InputError("an answer must be given, got the end of the input") from None
    if status:
        raise SystemExit(status)


def _refuse(error: Any) -> NoReturn:
    """Raises InputError with what is wrong with the command line. Typer would print it as it is,
    in a box, and what a pattern of the shell stands for may be any file's name."""
    said = error.format_message()
    if not said:  # a group was called without a command, and has printed its help
        raise SystemExit(error.exit_code)
    command = error.ctx.command_path if error.ctx else "tabpipe"
    raise InputError(f"{said.rstrip('.')}; {command} --help") from None

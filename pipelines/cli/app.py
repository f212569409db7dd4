"""The `tabpipe` command: tabpipe --help"""

import shutil
from collections.abc import Sequence
from typing import Any, NoReturn, cast

from trainer.errors import InputError, exit_on_error
from trainer.terminal import echoed_warnings

MIN_PANEL_COLUMNS = 56  # of a terminal whose help is drawn in panels


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; an error is one line on stderr and its exit status.

    Args:
        arguments: what follows `tabpipe`; those of this process if not given.

    Raises:
        SystemExit: with the exit status, unless that is 0.
    """
    with exit_on_error("pipeline"), echoed_warnings():
        import typer  # the base install has not got it

        from pipelines.cli.commands import app

        extra: dict[str, Any] = {}
        if (columns := shutil.get_terminal_size().columns) < MIN_PANEL_COLUMNS:
            app.rich_markup_mode = None  # the panels would cut words
            extra = {"terminal_width": columns}
        # Click's, of which a newer Typer has a copy of its own.
        usage_error = cast(type[Exception], typer.BadParameter.__bases__[0])
        try:
            status = app(arguments, prog_name="tabpipe", standalone_mode=False, **extra)
        except usage_error as error:
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
    if near := getattr(error, "possibilities", None):
        said = f"{error.message.rstrip('.')}; did you mean {near[0]}?"
    elif parameter := _parameter_called(getattr(error, "option_name", "")):
        said = f"{error.message.rstrip('.')}; did you mean --set {parameter}=VALUE?"
    command = error.ctx.command_path if error.ctx else "tabpipe"
    raise InputError(f"{said.rstrip('.')}; {command} --help") from None


def _parameter_called(option: str) -> str:
    """The parameter of the pipeline for whose name an option was taken; empty if there is none."""
    from components.signature import HYPERPARAMETERS, PREPROCESSING

    name = option.lstrip("-").replace("-", "_")
    return name if name in (*HYPERPARAMETERS, *PREPROCESSING) else ""

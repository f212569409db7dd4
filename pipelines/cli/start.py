"""Starts a run on this machine and prints what becomes of it: `tabpipe run` and `tabpipe init`."""

import contextlib
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines.cli.options import DEFAULT_ROOT
from pipelines.cli.output import print_json
from trainer.errors import InputError, TabularError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.request import RunRequest
    from vertex_tabular.run.record import Run

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


@dataclass(frozen=True)
class Output:
    """What is printed of a run.

    Attributes:
        quiet: whether stderr gets only what is wrong.
        verbose: whether it gets what the steps log.
        as_json: whether stdout gets JSON.
    """

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False

    def watch(self) -> Callable[[Path, list[str]], AbstractContextManager[None]]:
        """What shows a run's progress."""
        from pipelines.local import progress

        if self.quiet:
            return lambda directory, steps: contextlib.nullcontext()
        if self.verbose:
            from pipelines.cli.verbose import watch

            return watch
        return progress.watch


def start(
    request: "RunRequest",
    root: Path,
    cached: bool = False,
    output: Output | None = None,
    name: str = "",
    show: "Callable[[Run], None] | None" = None,
) -> Path:
    """Runs, and prints the summary, or calls `show` instead; returns the run's directory."""
    from pipelines.local import run

    output = output or Output()
    for note in () if output.quiet else request.notes:
        echo(note, err=True)
    directory = run.new_run_directory(root)
    result = _report(
        lambda: run.run(request, directory, cached, output.watch(), name),
        directory,
        root,
        output.as_json,
    )
    if show:
        show(result)
    else:
        _print(result, output.as_json)
    return directory


def resume(
    directory: Path, request: "RunRequest", root: Path, cached: bool, output: Output
) -> None:
    """Goes on with a run, and prints the summary; of one that has succeeded, only that."""
    from pipelines.local import run
    from pipelines.local.resume import claimed, prepare

    with claimed(directory) as before:
        if before.state == "SUCCEEDED":
            _print(before, output.as_json)
            return
        for line in prepare(directory, request.compiled):
            echo(line, err=True)
        cached = cached or before.caching
        result = _report(
            lambda: run.run(request, directory, cached, output.watch()),
            directory,
            root,
            output.as_json,
        )
        _print(result, output.as_json)


def _report(go: "Callable[[], Run]", directory: Path, root: Path, as_json: bool) -> "Run":
    """Runs; says how to go on with a run that did not succeed."""
    from vertex_tabular.run import record

    command = f"tabpipe run --resume {directory.name}"
    if root != DEFAULT_ROOT:
        command += f" --root {shlex.quote(str(root))}"
    try:
        return go()
    except TabularError as error:
        if as_json:
            print_json(asdict(record.load(directory)))
        if not isinstance(error, InputError):  # what was given is at fault, and must be another
            echo(f"to go on with what is done: {command}", err=True)
        raise
    except KeyboardInterrupt:
        echo(f"interrupted: stopped {directory.name} and all its processes", err=True)
        echo(f"to go on with what is done: {command}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _print(result: "Run", as_json: bool) -> None:
    from pipelines.local import progress

    if as_json:
        print_json(asdict(result))
    else:
        echo(progress.summary(result))

"""Starts a run on this machine and prints what becomes of it: `tabpipe run` and `tabpipe init`."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines.cli.options import DEFAULT_ROOT
from trainer.errors import TabularError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.request import RunRequest
    from vertex_tabular.run.record import Run

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def start(request: "RunRequest", root: Path, cached: bool = False, as_json: bool = False) -> Path:
    """Runs, and prints the summary; returns the run's directory."""
    from pipelines.local import run

    directory = run.new_run_directory(root)
    _report(lambda: run.run(request, directory, cached), directory, root, as_json)
    return directory


def resume(directory: Path, request: "RunRequest", root: Path, cached: bool, as_json: bool) -> None:
    """Goes on with a run, and prints the summary; of one that has succeeded, only that."""
    from pipelines.local import run
    from pipelines.local.resume import claimed, prepare

    with claimed(directory) as before:
        if before.state == "SUCCEEDED":
            _print(before, as_json)
            return
        for line in prepare(directory, request.compiled):
            echo(line, err=True)
        cached = cached or before.caching
        _report(lambda: run.run(request, directory, cached), directory, root, as_json)


def _report(go: Callable[[], "Run"], directory: Path, root: Path, as_json: bool) -> None:
    """Runs, and prints the summary; or how to go on with a run that did not succeed."""
    from vertex_tabular.run import record

    command = f"tabpipe run --resume {directory.name}"
    if root != DEFAULT_ROOT:
        command += f" --root {shlex.quote(str(root))}"
    try:
        result = go()
    except TabularError:
        if as_json:
            echo(json.dumps(asdict(record.load(directory))))
        echo(f"to go on with what is done: {command}", err=True)
        raise
    except KeyboardInterrupt:
        echo(f"interrupted: stopped {directory.name} and all its processes", err=True)
        echo(f"to go on with what is done: {command}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _print(result, as_json)


def _print(result: "Run", as_json: bool) -> None:
    from pipelines.local import progress

    echo(json.dumps(asdict(result)) if as_json else progress.summary(result))

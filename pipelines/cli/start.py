"""Starts a run on this machine and prints what becomes of it: `tabpipe run` and `tabpipe init`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trainer.errors import TabularError
from trainer.terminal import echo

if TYPE_CHECKING:
    from pipelines.request import RunRequest

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def start(request: "RunRequest", root: Path, cached: bool = False, as_json: bool = False) -> Path:
    """Runs, and prints the summary; returns the run's directory."""
    from pipelines.local import progress, run
    from vertex_tabular.run import record

    directory = run.new_run_directory(root)
    try:
        result = run.run(request, directory, cached)
    except TabularError:
        if as_json:
            echo(json.dumps(asdict(record.load(directory))))
        raise
    except KeyboardInterrupt:
        echo(f"interrupted: stopped {directory.name} and all its processes", err=True)
        raise typer.Exit(INTERRUPTED) from None
    echo(json.dumps(asdict(result)) if as_json else progress.summary(result))
    return directory

"""Runs any compiled pipeline on this machine: tabpipe run FILE.yaml"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.output import print_json
from pipelines.cli.start import INTERRUPTED, Output
from trainer.errors import InputError, TabularError
from trainer.terminal import echo

if TYPE_CHECKING:
    from vertex_tabular.run.record import Run


def run_file(
    file: Path, sets: Iterable[str], root: Path, output: Output, others: Mapping[str, Any]
) -> None:
    """Runs a pipeline from a file, and prints what it gave.

    Args:
        file: the compiled pipeline.
        sets: `NAME=VALUE` of `--set`.
        root: directory of the runs.
        output: what is printed.
        others: values of the options that are for tabpipe's own pipelines only.

    Raises:
        InputError: an option or the file is at fault; nothing has started.
        TabularError: a step failed.
    """
    if given := ", ".join(option for option, value in others.items() if value):
        raise InputError(f"a pipeline must come without {given}, got {file}; use --set NAME=VALUE")
    result = run_pipeline_file(file, sets, root, output.quiet)
    if output.as_json:
        print_json(asdict(result))
    else:
        echo(_summary(result))


def run_pipeline_file(path: Path, sets: Iterable[str], root: Path, quiet: bool = False) -> "Run":
    """Runs a compiled pipeline in a new directory below `root`; errors as `run_file`'s. With
    `quiet`, steps that succeed are not told."""
    from pipelines.local.graph.run import graph_request, run_graph
    from pipelines.local.run import new_run_directory

    request = graph_request(path, sets)
    directory = new_run_directory(root)
    try:
        return run_graph(request, directory, quiet)
    except TabularError as error:
        raise TabularError(f"{error}; tabpipe show {directory.name}") from error
    except KeyboardInterrupt:
        echo(f"interrupted: stopped {directory.name} and all its processes", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _summary(run: "Run") -> str:
    """The end of a run as aligned text: what the pipeline gave."""
    found = {**run.metrics, **run.outputs, **run.artifacts}
    width = max((len(name) for name in found), default=0)
    shown = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
    }
    lines = [f"  {name:{width}}  {value}" for name, value in shown.items()]
    return "\n".join([f"run {run.run_id} {run.state.lower()}", *lines])

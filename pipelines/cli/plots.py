"""The command that draws a run's plots: tabpipe plots --help"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_ROOT, Root
from trainer.errors import InputError
from trainer.terminal import echo


def plots(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run on this machine.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the PNG files go.")],
    root: Root = DEFAULT_ROOT,
) -> None:
    """Draw the plots of a run's report as PNG files, for a paper or a slide.

    Example: tabpipe plots 20270131-030000-1a2b3c figures
    """
    from trainer.uri import input_file
    from vertex_tabular.report.png import write_plots
    from vertex_tabular.run import record
    from vertex_tabular.run.directory import RunDirectory

    artifacts = record.load(input_file(str(root / run_id / record.RECORD)).parent).artifacts
    if "run_directory" not in artifacts:
        raise InputError(f"plots need a run that succeeded, got {run_id}")
    names = write_plots(
        RunDirectory(artifacts["run_directory"]), str(directory), val_data=artifacts["val_data"]
    )
    echo(f"{', '.join(names)} written to {directory}")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(plots)

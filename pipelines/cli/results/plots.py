"""The command that draws a run's plots: tabpipe plots --help"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_ROOT, USE, AsJson, Root, RunName
from pipelines.cli.output import print_json
from trainer.errors import InputError
from trainer.terminal import echo


def plots(
    run: RunName,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the PNG files go.")],
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Draw the plots of a run's report as PNG files.

    Example: tabpipe plots latest figures
    """
    from vertex_tabular.report.png import write_plots
    from vertex_tabular.run import record
    from vertex_tabular.run.directory import RunDirectory
    from vertex_tabular.run.find import FORMS, find_directory

    found = find_directory(run, root)
    if found is None:
        raise InputError(f"a run must be one in {root} ({FORMS}), got {run}")
    artifacts = record.load(found).artifacts
    if "run_directory" not in artifacts:
        raise InputError(f"plots need a run that succeeded, got {run}")
    names = write_plots(
        RunDirectory(artifacts["run_directory"]), str(directory), val_data=artifacts["val_data"]
    )
    if as_json:
        print_json({"directory": str(directory), "files": list(names)})
    else:
        echo(f"{', '.join(names)} written to {directory}")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=USE)(plots)

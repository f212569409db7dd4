"""The command that sets a run beside other models: tabpipe leaderboard --help"""

import json
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_ROOT, AsJson, Root
from trainer.terminal import echo


def leaderboard(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="Id of a run on this machine, or a run directory."),
    ],
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Show a run's model beside a linear model and boosted trees on the same validation rows.

    All of them learn the training rows alone, every one of them; the report does without trees
    where the table is long. Boosted trees are scikit-learn's, if it is installed.

    Example: tabpipe leaderboard 20270131-030000-1a2b3c
    """
    from vertex_tabular.report.leaderboard import leaderboard_of, to_dict
    from vertex_tabular.report.leaderboard_table import text_of
    from vertex_tabular.run.directory import RunDirectory
    from vertex_tabular.run.find import find_run

    board = leaderboard_of(RunDirectory(find_run(run, root)))
    echo(json.dumps(to_dict(board)) if as_json else text_of(board))


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(leaderboard)

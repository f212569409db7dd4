"""The command that sets a run beside other models: tabpipe leaderboard --help"""

import typer

from pipelines.cli.options import DEFAULT_ROOT, LATEST, LOOK, AsJson, Root, RunName
from pipelines.cli.output import print_json
from trainer.terminal import echo


def leaderboard(run: RunName = LATEST, root: Root = DEFAULT_ROOT, as_json: AsJson = False) -> None:
    """Show a run's model beside linear models and boosted trees.

    All of them learn the training rows alone, every one of them, and are judged on the same
    validation rows; the report does without trees where the table is long. Boosted trees are
    scikit-learn's, if it is installed.

    Example: tabpipe leaderboard latest
    """
    from vertex_tabular.report.leaderboard import leaderboard_of, to_dict
    from vertex_tabular.report.leaderboard_table import text_of
    from vertex_tabular.run.directory import RunDirectory
    from vertex_tabular.run.find import find_run

    board = leaderboard_of(RunDirectory(find_run(run, root)))
    if as_json:
        print_json(to_dict(board))
    else:
        echo(text_of(board))


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=LOOK)(leaderboard)

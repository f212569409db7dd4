"""The commands of `tabpipe`.

Each command imports what it needs when it runs, so that `tabpipe --help` is quick.
"""

from typing import Annotated

import typer

from pipelines.cli import benchmark, data, init, predict, run, runs
from pipelines.cli.cloud import doctor, lint, schedule, vertex
from pipelines.cli.results import cache, compare, delete, leaderboard, open_report, plots
from trainer.terminal import echo


def hyphenated(name: str) -> str:
    """An option or a command as it is spelled here: --batch_size is --batch-size."""
    return name.replace("_", "-")


app = typer.Typer(
    help="A CSV becomes a trained PyTorch model, through one compiled pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": hyphenated,
    },
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"tabpipe {version('vertex-tabular')}")
        raise typer.Exit()


@app.callback()
def tabpipe(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Print the version and exit.",
            callback=_print_version,
            is_eager=True,
            metavar=" ",
        ),
    ] = False,
) -> None:
    """A CSV becomes a trained PyTorch model, through one compiled pipeline."""


# In the order of the help, which shows them in groups.
for group in (
    *(run, init, data, benchmark),
    *(predict, plots),
    *(runs, compare, leaderboard, open_report, delete, cache),
    *(doctor, vertex, schedule, lint),
):
    group.register(app)

"""The `tabpipe` command: tabpipe --help"""

from trainer.errors import exit_on_error


def main() -> None:
    """Runs the command line; an error is one line on stderr and its exit status."""
    with exit_on_error("pipeline"):
        from pipelines.cli.commands import app  # needs typer, which the base install has not

        app()

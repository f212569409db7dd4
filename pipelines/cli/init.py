"""The command that creates a project for a table: `tabpipe init`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import TableFile, Target
from trainer.errors import InputError, TabularError
from trainer.terminal import echo, escaped


def init(
    csv: TableFile,
    target: Target = None,
    directory: Annotated[Path, typer.Option(help="Directory of the project.")] = Path("."),
    yes: Annotated[bool, typer.Option("--yes", help="Accept all proposals.")] = False,
) -> None:
    """Create a project for a table: schema.yaml, tabpipe.toml, and a first run.

    Example: tabpipe init passengers.csv --target Survived --yes
    """
    from pipelines.cli.start import start
    from pipelines.project import scaffold as project
    from pipelines.project.settings import FILE
    from pipelines.request import local_request

    project.check_new(directory)
    proposal = project.propose(csv, target)
    if target is None and not yes:
        target = _answer("which column to predict", "--target COLUMN", proposal.target)
        proposal = project.propose(csv, target)
    if proposal.doubtful and not yes:
        question = f"whether {proposal.target} is multiclass or regression"
        proposal = project.propose(csv, target, _answer(question, "--yes", "multiclass"))
    project.write(directory, csv, proposal)
    for name in (project.SCHEMA_FILE, FILE):
        echo(f"wrote {directory / name}")
    echo(f"{proposal.target} is predicted ({proposal.task}); a first run:\n")

    root = directory / "runs"
    away = [] if directory.resolve() == Path.cwd() else [f"cd {shlex.quote(str(directory))}"]
    try:
        request = local_request(csv, directory / project.SCHEMA_FILE, [], root)
        newest = start(request, root).name
    except TabularError:
        again = " && ".join([*away, "tabpipe run"])
        echo(f"fix the table or {project.SCHEMA_FILE}, then: {again}", err=True)
        raise
    following = [
        *away,
        f"open runs/{newest}/collect/report.html in a browser",
        f"review {project.SCHEMA_FILE}, then: tabpipe run",
        "tabpipe run --set hidden_layers=128,64",
        f"tabpipe predict --run {newest} --csv NEW.csv --out answers.csv",
    ]
    echo("\n".join(["", "next:", *(f"  {line}" for line in following)]))


def _answer(question: str, flag: str, proposed: str) -> str:
    """What the user says on the terminal, `proposed` when they press Enter."""
    if not sys.stdin.isatty():
        raise InputError(
            f"init asks {question} on a terminal only; give {flag}, or --yes to accept {proposed}"
        )
    prompt = escaped(f"{question[0].upper()}{question[1:]} [{proposed}]")
    answer: str = typer.prompt(prompt, default=proposed, show_default=False, err=True)
    return answer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(init)

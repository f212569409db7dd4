"""The command that creates a project for a table: `tabpipe init`."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import START, AsJson, Quiet, TableFile, Target, switch
from pipelines.cli.output import print_json
from trainer.errors import InputError, TabularError
from trainer.terminal import echo, escaped

if TYPE_CHECKING:
    from vertex_tabular.run.record import Run

MAX_COLUMNS = 60  # of a table that are listed before it is asked which one to predict


def init(
    table: TableFile,
    target: Target = None,
    directory: Annotated[
        Path, typer.Option(metavar="DIR", help="Directory of the project.")
    ] = Path("."),
    yes: Annotated[bool, switch("--yes", "-y", help="Accept all proposals.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Create a project for a table.

    It gets schema.yaml, tabpipe.toml, and a first run.

    Example: tabpipe init passengers.csv --target Survived --yes
    """
    from pipelines.cli.start import Output, start
    from pipelines.project import scaffold as project
    from pipelines.project.settings import FILE
    from pipelines.request import local_request

    project.check_new(directory)
    proposal = project.propose(table, target)
    if target is None and not yes:
        target = _answer_of(
            "which column to predict", "--target COLUMN", proposal.target, proposal.columns
        )
        proposal = project.propose(table, target)
    if proposal.doubtful and not yes:
        question = f"whether {proposal.target} is multiclass or regression"
        proposal = project.propose(table, target, _answer_of(question, "--yes", "multiclass"))
    project.write(directory, table, proposal)
    for note in () if quiet else proposal.notes:
        echo(note, err=True)
    if not as_json:
        for name in (project.SCHEMA_FILE, FILE):
            echo(f"wrote {directory / name}")
        echo(f"{proposal.target} is predicted ({proposal.task}); a first run:\n")

    root = directory / "runs"
    away = [] if directory.resolve() == Path.cwd() else [f"cd {shlex.quote(str(directory))}"]

    def print_all(result: "Run") -> None:
        written = {
            "schema": str(directory / project.SCHEMA_FILE),
            "settings": str(directory / FILE),
        }
        about = {"target": proposal.target, "task": proposal.task, "notes": proposal.notes}
        print_json({**written, **about, "run": asdict(result)})

    try:
        request = local_request(table, directory / project.SCHEMA_FILE, [], root)
        output = Output(quiet=quiet, as_json=as_json)
        start(request, root, output=output, show=print_all if as_json else None)
    except TabularError:
        again = " && ".join([*away, "tabpipe run"])
        echo(f"fix the table or {project.SCHEMA_FILE}, then: {again}", err=True)
        raise
    if as_json:
        return
    following = [
        *away,
        "tabpipe open latest",
        f"review {project.SCHEMA_FILE}, then: tabpipe run",
        "tabpipe run --set hidden_layers=128,64",
        "tabpipe predict latest NEW.csv --out answers.csv",
    ]
    echo("\n".join(["", "next:", *(f"  {line}" for line in following)]))


def _answer_of(question: str, flag: str, proposed: str, among: Sequence[str] = ()) -> str:
    """What the user says on the terminal, `proposed` when they press Enter; `among` are listed
    before."""
    if not sys.stdin.isatty():
        raise InputError(
            f"init asks {question} on a terminal only; give {flag}, or --yes to accept {proposed}"
        )
    if among:
        more = f", and {len(among) - MAX_COLUMNS} more" if len(among) > MAX_COLUMNS else ""
        echo(f"The columns are {', '.join(among[:MAX_COLUMNS])}{more}.", err=True)
    prompt = escaped(f"{question[0].upper()}{question[1:]} [{proposed}]")
    answer: str = typer.prompt(prompt, default=proposed, show_default=False, err=True)
    return answer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=START)(init)

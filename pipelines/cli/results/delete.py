"""The command that removes runs of this machine: tabpipe delete --help"""

import time
from typing import Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    LOOK,
    RUN_HELP,
    AsJson,
    Root,
    complete_run,
    days_of,
    switch,
)
from pipelines.cli.output import print_json
from trainer.errors import InputError
from trainer.terminal import echo


def delete(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN…", help=RUN_HELP, autocompletion=complete_run),
    ] = None,
    older_than: Annotated[
        str, typer.Option(metavar="DAYS", help="Runs that began so long ago, for example 30d.")
    ] = "",
    yes: Annotated[
        bool,
        switch("--yes", "-y", help="Also runs in progress, and those that others' results are in."),
    ] = False,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Delete runs of this machine.

    Not those in progress, nor those whose results a later run took from the cache, unless --yes is
    given.

    Example: tabpipe delete --older-than 30d
    """
    from pipelines.local import deletion
    from vertex_tabular.run.find import FORMS, find_directory

    if bool(names) == bool(older_than):
        raise InputError("give RUN or --older-than DAYS, one of them")
    going = []
    for name in names or ():
        directory = find_directory(name, root)
        if directory is None:
            raise InputError(f"a run must be one in {root} ({FORMS}), got {name}")
        if directory not in going:
            going.append(directory)
    if older_than:
        going = deletion.older_than(root, days_of(older_than), time.time())
    kept = {} if yes else {each: deletion.why_kept(each, going) for each in going}
    kept = {each: why for each, why in kept.items() if why}
    if names and kept:
        each, why = next(iter(kept.items()))
        raise InputError(f"a run to delete must be done with, got {each.name}: {why}; see --yes")
    deleted = [each for each in going if each not in kept]
    for each in deleted:
        deletion.delete(each)
        if not as_json:
            echo(f"{each.name}: deleted")
    for each, why in kept.items():
        echo(f"{each.name} is kept: {why}", err=True)
    if as_json:
        print_json({"deleted": [d.name for d in deleted], "kept": [k.name for k in kept]})
    elif not going:
        echo(f"no such runs in {root}")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(rich_help_panel=LOOK)(delete)

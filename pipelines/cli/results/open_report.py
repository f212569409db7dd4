"""The command that shows a run's report in a browser: tabpipe open --help"""

import contextlib
import os
import sys
from pathlib import Path

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    LATEST,
    LOOK,
    AsJson,
    ProjectSession,
    Root,
    RunName,
    expanded,
)
from pipelines.cli.output import print_json
from trainer.errors import InputError
from trainer.terminal import echo


@expanded
def open_report(
    session: ProjectSession,
    run: RunName = LATEST,
    root: Root = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """Open a run's report in the browser.

    Of a run on Vertex AI its page in the Console. Where there is no browser, the path is printed.

    Example: tabpipe open latest
    """
    from pipelines.history.records import History

    record = History(root, session).record(run)
    report = record.artifacts.get("report", "")
    if record.place != "local":
        place = address = record.link
    elif report and Path(report).is_file():
        path = Path(report).resolve()
        place, address = shown(path), path.as_uri()
    else:
        raise InputError(f"a run must have a report, got {record.run_id}, which is {record.state}")
    opened = not as_json and browse(address)
    if as_json:
        print_json({"run_id": record.run_id, "report": place})
    else:
        echo(f"{place} is open in the browser" if opened else place)


def shown(path: Path) -> str:
    """A path as a user reads it: relative where it is below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def browse(address: str) -> bool:
    """Opens a page in a browser; whether there is one. On Linux without a display only the one that
    $BROWSER names, for others would take over the terminal."""
    import webbrowser

    names = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, names)):
        return False
    with contextlib.suppress(webbrowser.Error):
        return webbrowser.get().open(address)
    return False


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("open", rich_help_panel=LOOK)(open_report)

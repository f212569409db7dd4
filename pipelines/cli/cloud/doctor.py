"""The commands that prepare a project of Google Cloud: `tabpipe doctor` and `tabpipe setup`."""

from typing import Annotated

import typer

from pipelines.cli.options import CLOUD, AnySession, AsJson, expanded, switch
from pipelines.cli.output import print_json
from trainer.terminal import echo

Build = Annotated[bool, switch("--build", help="With what `tabpipe image build` needs, too.")]


@expanded
def doctor(
    session: AnySession,
    build: Build = False,
    accelerator: Annotated[
        str,
        typer.Option(
            metavar="TYPE:COUNT", help="GPUs of a run, whose quota is looked at; NVIDIA_TESLA_T4:1."
        ),
    ] = "",
    spot: Annotated[bool, switch("--spot", help="The quota of Spot machines.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a project lacks for a run, and what cures it.

    The exit status is 1 if anything is missing. Nothing is changed, and nothing costs. What you
    may not see is said to be unknown.

    Example: tabpipe doctor --accelerator NVIDIA_TESLA_T4:1
    """
    from dataclasses import asdict

    from pipelines.vertex.doctor.examination import examine
    from pipelines.vertex.doctor.findings import MISSING
    from pipelines.vertex.doctor.wants import read_wants

    wants = read_wants(session.settings, build, accelerator, spot)
    findings = examine(wants)
    count = sum(finding.state == MISSING for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            echo(f"{finding.state}: {finding.what}; {finding.cure}")
        unknown = f", {len(findings) - count} unknown" if len(findings) > count else ""
        echo(f"{count or 'nothing'} missing in {wants.project}, {wants.region}{unknown}")
    if count:
        raise typer.Exit(1)


@expanded
def setup(session: AnySession, build: Build = False) -> None:
    """Print a script that makes what doctor asks for.

    Nothing is sent. The script, of gcloud commands, can be run again. It takes the account that
    submits, user:ada@example.com, by default the one with which gcloud is logged in.

    Example: tabpipe setup --build > setup.sh
    """
    from pipelines.vertex.doctor.script import make_script
    from pipelines.vertex.doctor.wants import read_wants

    echo(make_script(read_wants(session.settings, build)).rstrip())


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=CLOUD)(doctor)
    app.command(rich_help_panel=CLOUD)(setup)

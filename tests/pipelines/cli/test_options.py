"""The options of commands that are made from the fields of a dataclass."""

from dataclasses import fields
from pathlib import Path

import pytest
import typer

from pipelines.cli.commands import app
from pipelines.cli.options import AnySession, ProjectSession, expanded
from pipelines.project import settings
from pipelines.vertex.options import RunOptions
from pipelines.vertex.session import Session
from tests.pipelines.cli.test_help import leaves

COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("words", [("submit",), ("schedule", "apply")], ids=" ".join)
def test_what_submits_has_an_option_for_each_field_and_setting(words: tuple[str, ...]) -> None:
    parameters = {parameter.name: parameter for parameter in COMMANDS[words].params}
    for each in fields(RunOptions):
        option = each.metadata["option"]
        shown = parameters[each.name]
        flag = each.name if option.positional else option.flag or f"--{each.name}"
        assert (shown.help, shown.opts[0]) == (option.help, flag)
    for name in settings.FORMS.keys() - {"name", "csv"}:
        assert parameters[name].opts == [settings.flag(name)]


def call(arguments: list[str]) -> tuple[RunOptions | None, Session]:
    """What a command that takes both gets of these arguments."""
    got: list[tuple[RunOptions | None, Session]] = []

    @expanded
    def command(options: RunOptions, session: AnySession, wait: bool = False) -> None:
        got.append((options, session))

    tested = typer.Typer()
    tested.command()(command)
    typer.main.get_command(tested).main(arguments, standalone_mode=False)
    return got[0]


def test_a_command_gets_what_was_given_and_else_the_defaults() -> None:
    options, session = call([])
    assert options == RunOptions()
    assert session == Session(
        dict.fromkeys(n for n in settings.FORMS if n not in ("name", "csv", "schema"))
    )
    given = ["--set", "a=1", "--set", "b=2", "--label", "team=x", "--schema", "s.yaml", "--spot"]
    given += ["--hours", "2", "--service-account", "me", "--profile", "prod", "--wait"]
    options, session = call(given)
    assert options is not None
    assert options == RunOptions(
        sets=options.sets, labels=options.labels, schema=Path("s.yaml"), spot=True, hours=2.0
    )
    assert (list(options.sets), list(options.labels)) == (["a=1", "b=2"], ["team=x"])
    assert (session.flags["service_account"], session.profile) == ("me", "prod")


def test_a_session_reads_no_setting_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / settings.FILE).write_text("project = ")
    monkeypatch.chdir(tmp_path)

    @expanded
    def command(session: ProjectSession) -> None:
        with pytest.raises(Exception, match="must be TOML"):
            assert session.settings

    tested = typer.Typer()
    tested.command()(command)
    typer.main.get_command(tested).main([], standalone_mode=False)

"""Every command's help: an example that works, on any terminal; and completion in the shell."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.cli.commands import app

NARROW = 40


def leaves(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, and the words that lead to it."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from leaves(inner, *words, name)
    else:
        yield words, command


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_has_an_example_that_the_command_understands(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    _, found, example = command.help.partition("Example: ")
    assert found, "the docstring ends in a line `Example: tabpipe …`"
    typed = shlex.split(example.partition(" > ")[0])
    assert typed[: 1 + len(words)] == ["tabpipe", *words]
    command.make_context(words[-1], typed[1 + len(words) :])  # raises where it does not parse


def tabpipe(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        env={**kept, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", [("run", "--help"), ("run", "--no-such-option")], ids=" ".join)
def test_no_escape_code_goes_to_a_pipe_and_nothing_is_cut(words: tuple[str, ...]) -> None:
    result = tabpipe(*words, COLUMNS=str(NARROW), NO_COLOR="1")
    printed = result.stdout + result.stderr
    assert "\x1b" not in printed
    assert "…" not in printed.replace("gs://…", "")
    # An error is one line, which is the terminal's to break.
    assert max(map(len, result.stdout.splitlines()), default=0) <= NARROW
    assert result.stderr.count("\n") <= 1
    assert words[-1] in re.sub(r"[\s│]", "", printed)


def test_the_shell_completes_commands() -> None:
    typed = {"COMP_WORDS": "tabpipe in", "COMP_CWORD": "1"}
    command = [str(Path(sys.executable).parent / "tabpipe")]
    environ = {**os.environ, **typed, "_TABPIPE_COMPLETE": "complete_bash"}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["init"]

"""What `--json` prints is what docs/json.md says."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.cli.commands import app
from pipelines.project.settings import FORMS
from pipelines.record import Record
from tests.pipelines.cli.test_help import leaves
from tests.shell import Shell
from vertex_tabular.run.record import Run

PAGE = (Path(__file__).parents[3] / "docs" / "json.md").read_text()
ROWS = dict(re.findall(r"^\| `tabpipe ([a-z ]+)` \| (.*) \|$", PAGE, re.MULTILINE))
COMMANDS = dict(leaves(typer.main.get_command(app)))
LINES_ONLY = ("logs", "setup")  # print what others have written, and a script


def section(title: str) -> set[str]:
    """The keys of a table of the page."""
    rows = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0].splitlines()
    first = [row.split("|")[1] for row in rows if row.startswith("| `")]
    return {key for cell in first for key in re.findall(r"`(\w+)`", cell)}


def documented(command: str) -> set[str]:
    """The keys that a command's row names."""
    return set(re.findall(r"`(\w+)`", ROWS[command]))


def test_every_command_has_it_and_a_row() -> None:
    named = {" ".join(words) for words in COMMANDS if words[0] not in LINES_ONLY}
    assert set(ROWS) == named
    for words, command in COMMANDS.items():
        has = any("--json" in parameter.opts for parameter in command.params)
        assert has == (words[0] not in LINES_ONLY), words


def test_the_records_are_as_the_page_says() -> None:
    assert section("A run's record") == {field.name for field in dataclasses.fields(Run)}
    assert section("A run of either place") == {field.name for field in dataclasses.fields(Record)}


@pytest.mark.slow
def test_each_command_prints_its_keys(
    shell: Shell, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    run, root = finished[0].name, ("--root", str(finished[0].parent))

    def printed(*arguments: str, status: int = 0) -> Any:
        result = shell(*arguments, "--json")
        assert result.status == status, result.stderr
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    def keys(*arguments: str, status: int = 0) -> set[str]:
        found = printed(*arguments, status=status)
        return set(found[0] if isinstance(found, list) else found)

    assert set(finished[1]) == section("A run's record")
    assert keys("sample", "t.csv", "-n", "500") == documented("sample")
    made = printed("init", "t.csv", "--target", "Survived", "--yes")
    assert set(made) == documented("init")
    assert set(made["run"]) == section("A run's record")
    assert keys("preprocess", "t.csv", "arrays") == documented("preprocess")
    assert keys("schema", "infer", "t.csv") == documented("schema infer")
    assert keys("schema", "check", "schema.yaml", "t.csv") == documented("schema check")
    out = ("--out", "out.csv")
    assert keys("predict", run, "t.csv", *out, *root) == documented("predict")
    assert keys("evaluate", run, "t.csv", *root) == documented("evaluate")
    assert keys("plots", run, "plots", *root) == documented("plots")
    assert keys("runs", *root) == keys("show", run, *root) == section("A run of either place")
    assert set(printed("show", run, *root)["steps"][0]) == {
        *("name", "state", "seconds", "job", "error", "progress")
    }
    again = printed("run", "--set", "epochs=2")
    assert keys("compare", "latest", "latest~1") == documented("compare")
    assert keys("cancel", "latest") == documented("cancel")
    assert printed("cancel", "latest") == [{"run_id": again["run_id"], "state": "SUCCEEDED"}]
    assert keys("fetch", run, "copy", *root) == documented("fetch")
    assert keys("open", run, *root) == documented("open")
    assert keys("cache", "explain") == documented("cache explain")
    assert keys("cost") == documented("cost")
    pipeline = str(finished[0] / "pipeline.yaml")
    (tmp_path / "bad.yaml").write_text(
        Path(pipeline).read_text().replace("exec-collect", "exec-none", 1)
    )
    assert keys("lint", "bad.yaml", status=1) == documented("lint")
    assert keys("config") == {*FORMS, "parameters"}
    assert keys("delete", "latest") == documented("delete")
    assert shell("run", "gone.csv", "--schema", "schema.yaml", "--json").stdout == ""

"""`tabpipe run`: a stranger's table without a project, a project's own values, and what is said."""

import json
import random
from pathlib import Path

import pytest

from tests.shell import Shell

pytestmark = pytest.mark.slow

TOML = """
name = "visits"
csv = "data/visits.csv"
schema = "schema.yaml"

[parameters]
epochs = 2
batch-size = 64
"""


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """Visits with an id, two columns, and two that may be what is predicted."""
    path = tmp_path / "data" / "visits.csv"
    path.parent.mkdir()
    rng = random.Random(1)
    lines = ["id,minutes,plan,y,came back"]
    for number in range(200):
        minutes, plan = rng.randint(1, 60), rng.choice("abc")
        lines.append(f"V-{number},{minutes},{plan},{int(minutes > 30)},{rng.choice(['yes', 'no'])}")
    path.write_text("\n".join(lines))
    return path


def ran(shell: Shell, *arguments: str) -> dict[str, object]:
    """The parameters of a run."""
    result = shell("run", *arguments, "--json")
    assert result.status == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)["parameters"]
    return found


def test_a_table_is_trained_by_a_schema_of_its_own(shell: Shell, visits: Path) -> None:
    result = shell("run", str(visits), "--target", "came back", "--set", "epochs=2", "--json")
    assert result.status == 0, result.stderr
    said = result.stderr.splitlines()
    assert said[0] == (
        "came back is predicted (binary) from 3 columns (2 numeric, 1 categorical); 1 left out"
    )
    assert said[1].startswith("id is left out: too many different texts")
    schema = json.loads(result.stdout)["parameters"]["schema"]
    assert schema["target"] == "came back"
    assert {each["name"] for each in schema["columns"]} == {"id", "minutes", "plan", "y"}


def test_a_target_that_is_guessed_is_said(shell: Shell, visits: Path) -> None:
    result = shell("run", str(visits), "--set", "epochs=2")
    assert result.stderr.startswith("y is predicted (binary, a guess by its name) from ")


def test_a_projects_values_hold_unless_others_are_given(
    shell: Shell, tmp_path: Path, visits: Path
) -> None:
    (tmp_path / "tabpipe.toml").write_text(TOML)
    schema = {"target": "y", "columns": [{"name": "minutes", "kind": "numeric"}]}
    (tmp_path / "schema.yaml").write_text(json.dumps(schema))
    found = ran(shell)
    assert (found["csv"], found["schema"]) == (str(visits), schema)
    assert (found["epochs"], found["batch_size"]) == (2, 64)
    other = tmp_path / "other.csv"
    other.write_bytes(visits.read_bytes())
    told = shell("run", "other.csv")  # of the same form
    assert told.stderr.startswith("schema.yaml says what is read, as the project has it; --target")
    found = ran(shell, "other.csv", "--set", "batch-size=32")
    assert (found["csv"], found["schema"]) == (str(other), schema)
    assert (found["epochs"], found["batch_size"]) == (2, 32)
    found = ran(shell, "--target", "plan")  # another question of the same table
    assert isinstance(found["schema"], dict)
    assert (found["csv"], found["schema"]["target"]) == (str(visits), "plan")
    found = ran(shell, "--sample")  # whose schema is its own
    assert isinstance(found["schema"], dict)
    assert found["schema"]["target"] == "Survived"
    assert shell("preprocess", str(visits), "arrays").status == 0  # epochs are not its own

    shown = json.loads(shell("config", "--json").stdout)
    assert shown["name"]["value"] == "visits"
    assert shown["parameters"]["batch_size"]["value"] == "64"
    for text, complaint in (
        ("epoch = 2", "[parameters] must name a parameter, got epoch; did you mean epochs?"),
        ("epochs = -2", "error: epochs in tabpipe.toml must be positive, got -2"),
        ("epochs = true", "epochs must be a whole number, got true (from "),
        ("csv = 'a'", "[parameters] must name a parameter, got csv; "),
    ):
        (tmp_path / "tabpipe.toml").write_text(TOML.replace("epochs = 2", text))
        refused = shell("run")
        assert (refused.status, refused.stdout) == (2, "")
        assert complaint in refused.error


def test_a_run_has_the_name_it_was_given(shell: Shell, visits: Path) -> None:
    line = ("run", str(visits), "--set", "epochs=2", "--name", "trial-1")
    assert shell(*line).status == 0
    again = shell(*line)
    assert again.status == 2
    assert again.error.startswith("error: --name must be new, got trial-1: 20")
    assert json.loads(shell("show", "trial-1", "--json").stdout)["name"] == "trial-1"
    assert shell("predict", "trial-1", str(visits), "-o", "out.csv").status == 0
    assert shell("delete", "trial-1").status == 0
    assert shell("show", "trial-1").status == 2
    assert shell(*line).status == 0


def test_what_is_said_while_it_runs(shell: Shell, visits: Path) -> None:
    line = ("run", str(visits), "--target", "y", "--set", "epochs=2", "--set", "model=mlp")
    quiet = shell(*line, "--quiet")
    assert (quiet.status, quiet.stderr) == (0, "") and "validation_accuracy" in quiet.stdout
    verbose = shell(*line, "-v")
    assert "train: epoch 1: train loss " in verbose.stderr
    assert "train: done in" not in verbose.stderr
    assert shell("run", "-q", "--epochs").error.startswith("error: No such option: --epochs; did")


def test_hyphens_and_underscores_are_one(shell: Shell, visits: Path) -> None:
    spelled = [("--val_size", "--val-size"), ("--safe_for_spreadsheets", "--safe-for-spreadsheets")]
    for wrong, right in spelled:
        name = right.removeprefix("--")
        assert shell("run", "t.csv", wrong, "1").error == shell("run", "t.csv", right, "1").error
        assert name in shell("run", "t.csv", wrong, "1").error
    made = shell("run", str(visits), "--set", "epochs=2", "--set", "model=mlp", "--target", "y")
    assert made.status == 0
    out = ("predict", "latest", str(visits), "--out", "o.csv")
    assert shell(*out, "--safe_for_spreadsheets").status == 0


def test_the_short_options(shell: Shell) -> None:
    for words in ([], ["run"], ["schedule"], ["schedule", "apply"]):
        assert shell(*words, "-h").stdout == shell(*words, "--help").stdout != ""
    assert shell("--version").stdout == shell("-V").stdout
    assert shell("--version").stdout.startswith("tabpipe 0.")


def test_the_help_is_in_groups_and_each_command_in_a_line(shell: Shell) -> None:
    lines = shell("--help").stdout.splitlines()
    heads = [line.split()[1:] for line in lines if line.startswith("╭")]
    groups = [" ".join(word for word in head if word[0] not in "─╮") for head in heads]
    assert groups == ["Options", "Start", "Use a model", "Runs", "Google Cloud"]
    assert sum("<bool>" in line for line in lines) <= 3  # Typer's own: completion and help

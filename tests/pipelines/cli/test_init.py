"""`tabpipe init`: a project from a table never seen before, asked for, and never overwritten."""

import csv
import os
import pty
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.project import scaffold as project
from pipelines.project.settings import data_of, resolve
from tests.shell import Shell
from vertex_tabular.schema.json_schema import as_text

pytestmark = pytest.mark.slow

Tabpipe = Callable[..., "subprocess.CompletedProcess[str]"]
STARS = 7


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Orders with an id, a date, gaps, a free text, a quantity of few values, and a yes or no."""
    rng = random.Random(3)
    path = tmp_path / "orders of ü.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Order ID", "Ordered on", "Region", "Amount", "Note", "Stars", "Returned?"])
        for number in range(200):
            amount = rng.choice(["", f"{rng.lognormvariate(4, 1):.2f}"])
            note = f'please ring, "{number}"'
            date = f"2026-0{rng.randint(1, 9)}-{rng.randint(10, 28)}"
            region, back = rng.choice(["north", "", "east"]), rng.choice(["yes", "no"])
            rows.writerow([f"A-{number}", date, region, amount, note, number % STARS, back])
    return path


def test_a_project_is_made_runs_and_runs_again(shell: Shell, tmp_path: Path, orders: Path) -> None:
    made = shell("init", orders.name, "--yes")
    assert made.status == 0, made.stderr
    schema = yaml.safe_load((tmp_path / "schema.yaml").read_text())
    kinds = {column["name"]: column["kind"] for column in schema["columns"]}
    assert (schema["target"], schema["task"]) == ("Returned?", "binary")
    assert (kinds["Order ID"], kinds["Ordered on"], kinds["Note"]) == ("drop", "datetime", "drop")
    for name in ("Order ID", "Note"):
        assert f"{name} is left out: too many different texts: 200 in 200" in made.stderr
    first = (tmp_path / "schema.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=.schema.json"
    assert (tmp_path / ".schema.json").read_text() == as_text()
    assert data_of({}, tmp_path) == (str(tmp_path / orders.name), tmp_path / "schema.yaml")
    assert resolve({}, {}, tmp_path).csv.origin.endswith("tabpipe.toml")
    (run,) = (path.parent.name for path in tmp_path.glob("runs/*/run.json"))
    (predict,) = [line for line in made.stdout.splitlines() if "tabpipe predict" in line]
    assert predict == "  tabpipe predict latest NEW.csv --out answers.csv"

    before = {name: (tmp_path / name).read_bytes() for name in ("schema.yaml", "tabpipe.toml")}
    again = shell("init", orders.name, "--yes")
    assert again.status == 2 and again.stdout == ""
    assert "error: init overwrites nothing, got schema.yaml exists; " in again.stderr
    assert before == {name: (tmp_path / name).read_bytes() for name in before}

    explained = shell("cache", "explain")  # reads the project's table and schema
    assert explained.status == 0, explained.stderr
    arrays = shell("preprocess", orders.name, "arrays")
    assert "160 training rows, 40 validation rows" in arrays.stdout, arrays.stderr


def test_a_project_is_utf_8_whatever_the_locale(tmp_path: Path, orders: Path) -> None:
    table = tmp_path / "orders.csv"
    table.write_text(
        orders.read_text(encoding="utf-8").replace("Returned?", "Zur\u00fcck"), "utf-8"
    )
    code = (
        "import sys; from pathlib import Path; from pipelines.project import scaffold, settings; "
        "from vertex_tabular.schema.reader import read_schema; here = Path('project'); "
        "scaffold.write(here, sys.argv[1], scaffold.propose(sys.argv[1])); "
        "print(ascii(read_schema(here / 'schema.yaml')['target']), settings.data_of({}, here)[1])"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for path in (table, orders):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            cwd=tmp_path,
            env={**os.environ, **ascii_only},
            capture_output=True,
            text=True,
        )
        if path == table:
            assert done.stdout == "'Zur\\xfcck' project/schema.yaml\n", done.stderr
            shutil.rmtree(tmp_path / "project")
    assert "InputError: the table's path must be text in the locale" in done.stderr
    assert not (tmp_path / "project").exists()


def test_without_a_terminal_it_says_which_flag_to_give(
    tabpipe: Tabpipe, tmp_path: Path, orders: Path
) -> None:
    result = tabpipe("init", orders.name)
    assert (result.returncode, result.stdout) == (2, "")
    assert "give --target COLUMN, or --yes to accept Returned?" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [orders.name]


def test_on_a_terminal_it_asks_for_the_target_and_a_doubtful_task(
    tmp_path: Path, orders: Path
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipelines", "init", orders.name, "--directory", "it's mine"]
    os.write(ours, b"Stars\nregression\n")
    with os.fdopen(ours, "rb", buffering=0):
        result = subprocess.run(
            command, cwd=tmp_path, stdin=theirs, capture_output=True, text=True, timeout=120
        )
        os.close(theirs)
    assert result.returncode == 0, result.stderr
    listed = "The columns are Order ID, Ordered on, Region, Amount, Note, Stars, Returned?."
    assert listed in result.stderr
    assert "Which column to predict [Returned?]:" in result.stderr
    assert "Whether Stars is multiclass or regression [multiclass]:" in result.stderr
    assert "Stars is predicted (regression)" in result.stdout
    assert "  cd 'it'\"'\"'s mine'\n" in result.stdout
    csv_setting, _ = data_of({}, tmp_path / "it's mine")
    # Relative to the file, so that both can be moved together.
    assert csv_setting == str(tmp_path / "it's mine" / ".." / orders.name)
    assert f'csv = "../{orders.name}"' in (tmp_path / "it's mine" / "tabpipe.toml").read_text()


def test_only_few_whole_numbers_are_doubtful(orders: Path) -> None:
    doubtful = {
        name: project.propose(str(orders), name).doubtful
        for name in ("Stars", "Region", "Amount", "Returned?")
    }
    assert doubtful == {"Stars": True, "Region": False, "Amount": False, "Returned?": False}


def test_a_first_run_that_fails_says_how_to_go_on(tabpipe: Tabpipe, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("a,target\n" + "1,yes\n2,no\n3,None\n" * 9)
    result = tabpipe("init", "gaps.csv", "--directory", "project", "--yes")
    assert result.returncode == 2
    assert "then: cd project && tabpipe run" in result.stderr
    assert "target target must not be missing" in result.stderr
    assert "--resume" not in result.stderr  # the table must be another, which it would refuse

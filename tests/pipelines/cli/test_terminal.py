"""No command prints what a terminal obeys, wherever a table, a file's name or a log has it."""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shell import Shell

pytestmark = pytest.mark.slow

# Sets the title; a one-byte CSI that colours; reorders; isolates; rings; overwrites the line.
ESC, CSI, RLO, LRI, BEL, CR = "\x1b]0;t\x07", "\x9b31m", "\u202e", "\u2066", "\x07", "\rsafe"
HOSTILE = ESC + CSI + RLO + LRI
COLUMN, LEVEL, TARGET, CLASS = (f"{name}{HOSTILE}" for name in ("col", "lev", "tar", "yes"))


@dataclass(frozen=True)
class World:
    """A directory with tables, a schema and a run, all of hostile names.

    Attributes:
        here: the directory.
        run: the name of the run's directory.
    """

    here: Path
    run: str


def write_table(path: Path, rows: int = 80) -> None:
    chance = random.Random(1)
    lines = [f"{COLUMN},size,{TARGET}"]
    for row in range(rows):
        level = chance.choice([LEVEL, "b", "c"])
        lines.append(f"{level},{chance.random():.3f},{CLASS if row % 2 else 'no'}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shared_shell: Shell) -> World:
    here = tmp_path_factory.mktemp("hostile")
    write_table(here / "table.csv")
    write_table(here / f"new{HOSTILE}.csv")
    (here / f"bad{HOSTILE}.csv").write_text(f"{COLUMN},size\n{LEVEL},{ESC}\n")
    columns = [{"name": COLUMN, "kind": "categorical"}, {"name": "size", "kind": "numeric"}]
    schema = {"target": TARGET, "columns": columns}
    (here / "schema.yaml").write_text(json.dumps(schema))
    (here / f"schema{HOSTILE}.yaml").write_text(json.dumps(schema))
    shared_shell.go_to(here)
    result = shared_shell(
        *("run", "table.csv", "--schema", "schema.yaml", "--set", "epochs=3", "--json")
    )
    assert result.status == 0, result.stderr
    run = here / "runs" / json.loads(result.stdout)["run_id"]
    named = run.with_name(f"run{HOSTILE}")
    shutil.move(run, named)
    record = (named / "run.json").read_text()
    hostile = json.dumps(named.name)[1:-1]
    (named / "run.json").write_text(record.replace(run.name, hostile))
    with (named / "steps" / "train.log").open("a") as log:
        log.write(f"epoch {HOSTILE}{BEL}{CR}\n")
    (here / f"lint{HOSTILE}.yaml").write_text(f'pipelineInfo: {{name: "{RLO}"}}\n')
    return World(here, named.name)


COMMANDS = [
    ("schema", "infer", "NEW"),
    ("schema", "check", "SCHEMA"),
    ("schema", "check", "SCHEMA", "NEW"),
    ("schema", "check", "SCHEMA", "BAD"),
    ("schema", "check", "NEW"),
    ("preprocess", "NEW", "arraysHOSTILE", "--schema", "SCHEMA"),
    ("preprocess", "BAD", "arrays", "--schema", "SCHEMA"),
    ("init", "NEW", "--yes", "--directory", "projectHOSTILE", "--target", "TARGET"),
    ("init", "NEW", "--yes", "--directory", "other", "--target", "noneHOSTILE"),
    ("run", "NEW", "--schema", "SCHEMA"),
    ("run", "BAD", "--schema", "SCHEMA"),
    ("run", "--sample", "--set", "epochs=HOSTILE"),
    ("run", "--sample", "--set", "HOSTILE=1"),
    ("run", "NEW", "--set", "epochs=2", "--target", "TARGET"),
    ("run", "NEW", "--name", "HOSTILE"),
    ("runs",),
    ("runs", "--json"),
    ("show", "RUN"),
    ("show", "RUN", "--json"),
    ("show", "noneHOSTILE"),
    ("logs", "RUN"),
    ("logs", "RUN", "train"),
    ("logs", "RUN", "stepHOSTILE"),
    ("compare", "RUN", "RUN"),
    ("compare", "RUN", "noneHOSTILE"),
    ("compare", "RUN", "latest~1"),
    ("runs", "--filter", "HOSTILE=1"),
    ("runs", "--sort", "HOSTILE"),
    ("open", "RUN"),
    ("delete", "noneHOSTILE"),
    ("cancel", "RUN"),
    ("fetch", "RUN", "fetchedHOSTILE"),
    ("predict", "RUN", "NEW", "--out", "outHOSTILE.csv", "--key", "COLUMN"),
    ("predict", "RUN", "NEW", "--out", "out.HOSTILE"),
    ("predict", "RUN", "BAD", "--out", "out.csv"),
    ("predict", "RUN", "NEW", "--out", "o.csv", "--key", "noneHOSTILE"),
    ("evaluate", "RUN", "NEW", "--html", "reportHOSTILE.html"),
    ("evaluate", "RUN", "BAD"),
    ("plots", "RUN", "plotsHOSTILE"),
    ("lint", "LINT"),
    ("lint", "LINT", "--json"),
    ("lint", "noneHOSTILE"),
    ("cache", "explain", "NEW", "--schema", "SCHEMA"),
    ("submit", "HOSTILE", "--dry-run", "--project", "my-project"),
    ("submit", "--label", "HOSTILE", "--dry-run", "--project", "my-project"),
    ("schedule", "apply", "HOSTILE", "--cron", "HOSTILE"),
    ("config", "--owner", "HOSTILE"),
    ("commandHOSTILE",),
    ("runs", "--optionHOSTILE"),
    ("runs", "extraHOSTILE"),
    ("sample", "s.csv", "--rows", "HOSTILE"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_it_prints_is_printable(
    world: World, shared_shell: Shell, words: tuple[str, ...]
) -> None:
    files = {"NEW": "new", "BAD": "bad", "SCHEMA": "schema", "LINT": "lint"}
    suffix = {"NEW": "csv", "BAD": "csv", "SCHEMA": "yaml", "LINT": "yaml"}
    known = {key: f"{name}{HOSTILE}.{suffix[key]}" for key, name in files.items()}
    known |= {"RUN": world.run, "TARGET": TARGET, "COLUMN": COLUMN}
    shared_shell.go_to(world.here)
    result = shared_shell(*(known.get(w, w).replace("HOSTILE", HOSTILE) for w in words))
    assert result.status in (0, 1, 2), result.stderr
    assert "Traceback" not in result.stderr
    printed = result.stdout + result.stderr
    assert printed.strip()
    odd = {c for c in printed if not c.isprintable() and c not in "\n\t"}
    assert not odd, printed
    if "--json" in words and result.status != 2:
        json.loads(result.stdout)


def test_the_inferred_schema_names_the_columns_that_are_there(
    world: World, shared_shell: Shell
) -> None:
    from vertex_tabular.schema.reader import load_yaml

    shared_shell.go_to(world.here)
    schema = load_yaml(shared_shell("schema", "infer", "table.csv", "--target", TARGET).stdout)
    assert schema["target"] == TARGET
    assert COLUMN in [column["name"] for column in schema["columns"]]

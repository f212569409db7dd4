"""What is too long for one argument travels as a file."""

import json
from pathlib import Path

import pytest

from pipelines.local.commands.long_arguments import MAX_BYTES, restored, shortened
from tests.pipelines.conftest import Tabpipe


def test_only_a_long_argument_goes_through_a_file(tmp_path: Path) -> None:
    command = ["sh", "é" * (MAX_BYTES // 2), "ü\r\n" * MAX_BYTES]
    short = list(shortened(command, tmp_path / "steps" / "train"))
    assert short[:2] == command[:2]
    assert len(short[2]) < 1000
    assert [file.name for file in (tmp_path / "steps").iterdir()] == ["train.argument2"]
    assert restored(short) == command


@pytest.mark.slow
def test_a_run_of_a_schema_that_no_argument_holds(tabpipe: Tabpipe, tmp_path: Path) -> None:
    names = [f"column_{number}_{'x' * 100}" for number in range(1200)]
    rows = [",".join([str(n % 2), *[str((n * 7 + i) % 5) for i in range(1200)]]) for n in range(40)]
    (tmp_path / "t.csv").write_text("\n".join([",".join(["y", *names]), *rows]) + "\n")
    schema = {"target": "y", "columns": [{"name": name, "kind": "numeric"} for name in names]}
    (tmp_path / "s.yaml").write_text(json.dumps(schema))
    assert len(json.dumps(schema)) > 128 << 10
    done = tabpipe("run", "t.csv", "--schema", "s.yaml", "--set", "epochs=2")
    assert done.returncode == 0, done.stderr

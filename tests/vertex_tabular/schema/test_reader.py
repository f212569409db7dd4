"""A schema file is YAML in UTF-8, in which dates and words are text."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.errors import InputError
from vertex_tabular.schema.reader import read_schema


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "--schema must be a file, got .*: No such file"),
        (b"a: [", "--schema must be plain YAML, got "),
        (b"a: .nan", "--schema must be plain YAML, got "),
        (b"\xff\xfe\x00a", "--schema must be plain YAML, got "),
        (b"- a\n- b\n", "--schema must hold `target` and `columns`, got "),
    ],
)
def test_a_bad_schema_file(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "schema.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="^" + complaint):
        read_schema(path)


def test_dates_and_words_in_a_schema_are_text(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("min: 2020-01-01\nvalues: [yes, No, off, true, 1]\n")
    assert read_schema(tmp_path / "schema.yaml") == {
        "min": "2020-01-01",
        "values": ["yes", "No", "off", "true", 1],
    }


def test_a_schema_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("target: prix_\u00e9t\u00e9\n", encoding="utf-8")
    code = (
        "from pathlib import Path; from vertex_tabular.schema.reader import read_schema; "
        "print(ascii(read_schema(Path('schema.yaml'))))"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, **ascii_only},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{'target': 'prix_\\xe9t\\xe9'}\n"

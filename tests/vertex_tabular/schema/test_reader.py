"""A schema file is YAML in UTF-8, in which dates and words are text."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.project.settings import FILE, resolve
from trainer.errors import InputError
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.plain_yaml import load_plain
from vertex_tabular.schema.reader import MAX_BYTES, read_schema
from vertex_tabular.schema.schema import Column


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "--schema must be a file, got .*: No such file"),
        (b"a: [", "--schema must be plain YAML, got "),
        (b"a: \x00", "--schema must be plain YAML, got "),
        (b"\xff\xfe\x00a", "--schema must be UTF-8, got "),
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
        "values": ["yes", "No", "off", "true", "1"],
    }


LEVELS = [
    "010",
    "12:30",
    "0x1F",
    "1_000",
    "1.10",
    "1e3",
    "0o17",
    "NO",
    "on",
    "+1",
    ".5",
    "2026-11-24",
]


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_the_text_that_was_written(level: str, tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    columns = f"[{{name: {level}, kind: categorical, impute: {level}, values: [{level}, 'b']}}]"
    path.write_text(f"target: {{name: y, missing: [{level}]}}\ncolumns: {columns}\n")
    schema = parse_schema(read_schema(path))
    assert schema.columns == (Column(level, "categorical", impute=level, values=(level, "b")),)
    assert schema.missing == {level}


def test_numbers_are_where_a_key_wants_them(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(
        "target: y\ncolumns:\n- {name: a, kind: numeric, impute: 010, min: -.5, max: 1.5e2}\n"
        "- {name: b, kind: categorical, min_frequency: 5, impute: 5}\n"
    )
    first, second = parse_schema(read_schema(path)).columns
    assert (first.impute, first.min, first.max) == (10, -0.5, 150)
    assert (second.impute, second.min_frequency) == ("5", 5)


DEEP = "target: " + "[" * 1000
BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
NUMERIC = "target: y\ncolumns: [{{name: a, kind: numeric, {}}}]"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("target: y\ntarget: z\n", r"a key must be there once, got target twice \(line 2\)"),
        ("target: y\ncolumns: [{name: a, kind: drop, kind: numeric}]", "got kind twice"),
        (BOMB, r"a value must be written out, got the alias \*a \(line 2\)"),
        ("a: &a {<<: *a}", r"got the alias \*a"),
        (DEEP, "lists may nest 50 deep, got more"),
        ("- " * 3000, "lists may nest 50 deep, got more"),
        ("{a: " * 3000, "lists may nest 50 deep, got more"),
        ("? " * 3000, "a key must be a text, got "),
        ("? [a]\n: b", "a key must be a text, got "),
        (r'target: "\uD800"', "--schema must be plain YAML, got "),
        ("a: !!python/object:os.system x", "a value must have no tag, got tag:yaml.org"),
        ("a: !!int 7", "a value must have no tag"),
        ("a: b\n---\na: c\n", "a schema must be one document"),
        (NUMERIC.format("impute: " + "1" * 400), "impute of a must be median, mean or a number"),
        (NUMERIC.format("min: " + "9" * 9999), "min of a must be a number, got inf"),
        (NUMERIC.format("max: 1_000"), "max of a must be a number, got '1_000'"),
        (NUMERIC.format("max: '7'"), "max of a must be a number, got '7'"),
        (
            NUMERIC.format("impute: .nan"),
            "impute of a must be median, mean or a number, got '.nan'",
        ),
        (NUMERIC.format("impute: ~"), "impute of a must be median, mean or a number, got None"),
        ("target: y\ncolumns: [{name: a, kind: categorical, impute: null}]", "must be a category"),
        ("target: y\ncolumns: [{name: a, kind: categorical, values: [~]}]", "a list of categories"),
    ],
)
def test_what_no_schema_needs_is_one_line_at_once(
    text: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    began = time.perf_counter()
    with pytest.raises(InputError, match=complaint) as error:
        parse_schema(read_schema(path))
    assert time.perf_counter() - began < 1
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)


def test_half_a_surrogate_pair_is_found_by_either_reader_of_yaml() -> None:
    with pytest.raises(ValueError, match="surrogate|escape"):
        load_plain(r'target: "\uDFFF"')


@pytest.mark.parametrize("read", [read_schema, lambda path: resolve({}, {}, path.parent)])
def test_a_pipe_and_a_device_are_no_settings(
    read: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / FILE
    os.mkfifo(path)
    with pytest.raises(InputError, match="must be a file, got .*: it is a pipe or a device"):
        read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="must be a file, got .*: it is a pipe or a device"):
        read(path)
    path.unlink()
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="must have at most 10485760 bytes"):
        read(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"csv = " + b"[" * 5000, "tabpipe.toml must be TOML"),
        (b"a.b = " + b"1" * 5000, "tabpipe.toml must be TOML|holds texts named"),
        (b"csv = 'a'\ncsv = 'b'\n", "tabpipe.toml must be TOML"),
        (b"csv = '\xff'", "tabpipe.toml must be UTF-8"),
        (rb'csv = "\uD800"', "tabpipe.toml must be TOML"),
        (b"csv = " + b"1" * 400, "holds texts named name, csv, .*, got csv = inf"),
    ],
)
def test_a_bad_tabpipe_toml_is_one_line(content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(InputError, match=complaint) as error:
        resolve({}, {}, tmp_path)
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)


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

"""A format of tables is one file and a line of the registry."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vertex_tabular.tables.formats import SUFFIXES, format_of

ROOT = Path(__file__).parents[3]
FEATHER = Path(__file__).with_name("feather.py")
TRY = """
import json, shutil
import pandas as pd
from vertex_tabular.preprocessing.prepare import prepare

frame = pd.DataFrame({"a": range(40), "b": ["x", "y"] * 20, "y": [0.0, 1.0] * 20})
frame.to_feather("t.feather")
frame.astype({"y": int}).to_csv("t.csv", index=False)
schema = {"target": "y", "columns": [{"name": "a", "kind": "numeric"},
                                     {"name": "b", "kind": "categorical"}]}
assert prepare("t.feather", schema, "one").train == prepare("t.csv", schema, "two").train
shutil.copy("t.feather", "wrong.csv")
try:
    prepare("wrong.csv", schema, "three")
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("t.csv", ".csv"),
        ("T.TSV.GZ", ".tsv"),
        ("t.parquet", ".parquet"),
        ("t.txt", ".csv"),
        ("csv", ".csv"),
    ],
)
def test_the_suffix_says_the_format(name: str, suffix: str) -> None:
    assert format_of(Path(name)).suffixes[0] == suffix
    assert suffix in SUFFIXES


def test_a_new_format_is_one_file_and_one_line(tmp_path: Path) -> None:
    for package in ("trainer", "vertex_tabular"):
        shutil.copytree(ROOT / package, tmp_path / package)
    formats = tmp_path / "vertex_tabular" / "tables" / "formats"
    shutil.copy(FEATHER, formats)
    registry = (formats / "__init__.py").read_text()
    line = "from vertex_tabular.tables.formats.feather import FEATHER\n"
    edited = registry.replace("(CSV, TSV, PARQUET)", "(CSV, TSV, PARQUET, FEATHER)")
    assert edited != registry
    start = edited.index("from vertex_tabular")
    (formats / "__init__.py").write_text(edited[:start] + line + edited[start:])
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "wrong.csv must be UTF-8 text, got Feather; end its name in .feather\n"

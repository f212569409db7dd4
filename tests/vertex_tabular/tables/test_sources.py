"""The same rows give the same arrays, in whatever files they come."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from trainer.errors import InputError
from vertex_tabular.preprocessing.prepare import Prepared, prepare
from vertex_tabular.tables.formats import SUFFIXES

SCHEMA = {
    "target": "y",
    "columns": [
        {"name": "n", "kind": "numeric"},
        {"name": "c", "kind": "categorical"},
        {"name": "b", "kind": "boolean"},
        {"name": "d", "kind": "datetime"},
    ],
}
FRAME = pd.DataFrame(
    {
        "n": [1.5, None, -3, 4, 5, 6, 7, 8, 9, 10],
        "c": pd.Series(["x", "y, z", None, "x", "x", "x", "x", "x", 'q"q', "x"], dtype=object),
        "b": [True, False] * 5,
        "d": pd.date_range("2026-01-01", periods=10).as_unit("ns"),
        "unused": ["a\tb"] * 10,
        "y": [0, 1] * 5,
    }
)


def write_parquet(path: Path) -> None:
    parquet.write_table(pa.Table.from_pandas(FRAME), path, row_group_size=3)


def write_csv_parts(path: Path) -> None:
    path.mkdir()
    FRAME[:4].to_csv(path / "part-0.csv", index=False)
    FRAME[4:][FRAME.columns[::-1]].to_csv(path / "part-1.csv.gz", index=False)
    (path / "_SUCCESS").write_text("")


def write_mixed_parts(path: Path) -> None:
    path.mkdir()
    FRAME[:4].to_csv(path / "part-0.CSV", index=False)
    parquet.write_table(pa.Table.from_pandas(FRAME[4:8]), path / "part-1.parquet")
    FRAME[8:].to_csv(path / "part-2.tsv.gz", index=False, sep="\t")
    (path / "part-3.csv").mkdir()


def write_texts(path: Path) -> None:
    """As a Parquet file of texts, with the ways of a CSV to say that a value is missing."""
    texts = FRAME.assign(
        n=["1.5", "", " -3\t", "+4", "5.", "6", "7e0", "8", "9", "10"],
        c=pd.Categorical(FRAME["c"].fillna("NA")),
        b=FRAME["b"].astype(str),
        d=FRAME["d"].dt.strftime("%Y-%m-%d"),
    )
    parquet.write_table(pa.Table.from_pandas(texts), path)


FORMS: dict[str, Callable[[Path], Any]] = {
    "t.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "t.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "t.tsv.gz": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "t.parquet": write_parquet,
    "texts.parquet": write_texts,
    "parts": write_csv_parts,
    "mixed parts": write_mixed_parts,
}


def prepared(uri: Path, tmp_path: Path) -> Prepared:
    return prepare(str(uri), SCHEMA, str(tmp_path / "out"), max_unseen=1)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_arrays(name: str, tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "table.csv", index=False)
    FORMS[name](tmp_path / name)
    found, expected = (
        prepared(tmp_path / name, tmp_path),
        prepared(tmp_path / "table.csv", tmp_path),
    )
    assert (found.train, found.val, found.spec) == (expected.train, expected.val, expected.spec)


def test_a_pattern(tmp_path: Path) -> None:
    write_csv_parts(tmp_path / "parts")
    FRAME[:0].to_csv(tmp_path / "parts" / "other.csv", index=False)
    found = prepared(tmp_path / "parts" / "part-*", tmp_path)
    assert found == prepared(tmp_path / "parts", tmp_path)


def complaint(uri: Path, tmp_path: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        prepared(uri, tmp_path)
    return str(error.value).replace(f"{tmp_path}/", "").split("\n")


def test_the_part_that_does_not_agree_is_named(tmp_path: Path) -> None:
    write_csv_parts(tmp_path / "parts")
    FRAME[["n", "c"]].to_csv(tmp_path / "parts" / "part-2.csv", index=False)
    FRAME.assign(n="?").iloc[:1].to_csv(tmp_path / "parts" / "part-3.csv", index=False)
    assert complaint(tmp_path / "parts", tmp_path) == [
        "column b must be there, got n, c of part-2.csv",
        "column d must be there, got n, c of part-2.csv",
        "column y must be there, got n, c of part-2.csv",
        "n must be a number, got '?' (line 2 of part-3.csv); leave it empty if it is missing",
    ]


def test_a_part_of_another_form_that_does_not_agree_is_named(tmp_path: Path) -> None:
    write_mixed_parts(tmp_path / "parts")
    frame = FRAME[["n", "c", "d", "y"]].assign(d="soon")
    parquet.write_table(pa.Table.from_pandas(frame[:1]), tmp_path / "parts" / "part-4.parquet")
    (tmp_path / "parts" / "part-5.csv").write_text("n;c;b;d;y\n")
    (tmp_path / "parts" / "part-6.csv").write_text("")
    delimiter = "columns must be separated by a comma, got a semicolon"
    assert complaint(tmp_path / "parts", tmp_path) == [
        "column b must be there, got n, c, d, y of part-4.parquet",
        f"{delimiter} (line 1 of part-5.csv); save it with commas, and points in decimals",
        "parts/part-6.csv must have a header, got none",
    ]


NO_FILE = "an input must be a file, got "


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.csv", f"{NO_FILE}none.csv: there is no such file"),
        ("/dev/null", f"{NO_FILE}/dev/null: it is a pipe or a device"),
        ("pipe.csv", f"{NO_FILE}pipe.csv: it is a pipe or a device"),
        ("x" * 300, f"{NO_FILE}{'x' * 300}: File name too long"),
        ("none-*.csv", "a pattern must match files, got none in none-*.csv"),
        ("emp*", "a pattern must match files, got none in emp*"),
        ("empty", f"a directory must hold files of {', '.join(SUFFIXES)}, got none in empty"),
    ],
)
def test_nothing_there(name: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert complaint(tmp_path / name, tmp_path) == [problem]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    memory = Path("/proc/self/mem")  # unreadable for root too
    if not memory.exists():
        pytest.skip("there is no /proc on this system")
    assert complaint(memory, tmp_path) == [
        f"a file must be readable, got {memory}: Input/output error"
    ]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_gzip_cut_short(keep: float, tmp_path: Path) -> None:
    whole = gzip.compress(FRAME.to_csv(index=False).encode())
    (tmp_path / "t.csv.gz").write_bytes(whole[: int(len(whole) * keep)])
    (line,) = complaint(tmp_path / "t.csv.gz", tmp_path)
    assert line == (
        "a file must be whole, got t.csv.gz: Compressed file ended before the end-of-stream "
        "marker was reached; copy it again"
    )


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("t.csv.gz", b"n,c\n", "t.csv.gz is named .gz but is not gzip; rename it"),
        (
            "t.parquet",
            b"n,c\n",
            "t.parquet is named .parquet but is not Parquet; rename it",
        ),
        ("t.parquet", b"PAR1 not so", "a file must be whole, got t.parquet: "),
        ("t.parquet", b"", "a file must be whole, got t.parquet: Parquet file size is 0 by"),
    ],
)
def test_not_what_its_name_says(name: str, content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (line,) = complaint(tmp_path / name, tmp_path)
    assert line.startswith(problem)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_parquet_cut_short(keep: float, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    (line,) = complaint(path, tmp_path)
    assert line.startswith("a file must be whole, got t.parquet: Parquet magic bytes not")
    assert line.endswith("; copy it again")


def test_bad_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    nested = FRAME.assign(c=[["x"]] * 10).drop(columns="b")
    parquet.write_table(pa.Table.from_pandas(nested), path)
    one = "c must have one value a row, got list<element: string>"
    assert complaint(path, tmp_path) == [
        "column b must be there, got n, c, d, unused, y",
        f"{one}; drop it, or make columns of it",
    ]
    twice = pa.Table.from_pandas(FRAME)
    parquet.write_table(twice.append_column("n", twice["n"]), path)
    assert complaint(path, tmp_path) == [
        "column n must be there once, got 2 times; rename all but one"
    ]
    wrong = FRAME[:2].assign(n=[2**53 + 1, 0], c=[b"x", b"\xff"], b="?")
    parquet.write_table(pa.Table.from_pandas(wrong), path)
    exact = "n must be exact in 64 bits, as up to 2^53, got '9007199254740993' (row 1)"
    boolean = "b must be true or false, yes or no, 1 or 0, got '?'"
    assert complaint(path, tmp_path) == [
        f"{exact}; drop the column if it is an id",
        f"{boolean} (row 1)",
        "c must be UTF-8, got '\\xff' (row 2); save the file as UTF-8",
        f"{boolean} (row 2)",
    ]

"""The same rows give the same arrays, in whatever files they come."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from trainer.errors import InputError
from trainer.preparation import Prepared, prepare
from trainer.sources import SUFFIXES

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


FORMS: dict[str, Callable[[Path], Any]] = {
    "t.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "t.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "t.tsv.gz": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "t.parquet": write_parquet,
    "parts": write_csv_parts,
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
        "column b must be there, however: there are n, c of part-2.csv",
        "column d must be there, however: there are n, c of part-2.csv",
        "column y must be there, however: there are n, c of part-2.csv",
        "n must be a number, however: '?' (line 2 of part-3.csv)",
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.csv", "an input must be a file, however: none.csv: there is no such file"),
        ("none-*.csv", "a pattern must match files, however: none-*.csv matches none"),
        ("empty", f"a directory must hold files of {', '.join(SUFFIXES)}, however: empty has none"),
    ],
)
def test_nothing_there(name: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert complaint(tmp_path / name, tmp_path) == [problem]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_gzip_cut_short(keep: float, tmp_path: Path) -> None:
    whole = gzip.compress(FRAME.to_csv(index=False).encode())
    (tmp_path / "t.csv.gz").write_bytes(whole[: int(len(whole) * keep)])
    assert complaint(tmp_path / "t.csv.gz", tmp_path)[0] == (
        "a file must be whole, however: t.csv.gz: Compressed file ended before the end-of-stream "
        "marker was reached"
    )


def test_a_gzip_that_is_none(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.csv").rename(tmp_path / "t.csv.gz")
    assert complaint(tmp_path / "t.csv.gz", tmp_path)[0].startswith("a file must be whole, ")


def test_bad_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 not so")
    assert complaint(path, tmp_path)[0].startswith("a file must be whole, however: t.parquet: ")
    nested = FRAME.assign(c=[["x"]] * 10).drop(columns="b")
    parquet.write_table(pa.Table.from_pandas(nested), path)
    assert complaint(path, tmp_path) == [
        "column b must be there, however: there are n, c, d, unused, y",
        "c must have one value a row, however: list<element: string>",
    ]
    large = FRAME.assign(n=[2**53 + 1, *range(9)], b="?", d="soon")[:2]
    parquet.write_table(pa.Table.from_pandas(large), path)
    assert complaint(path, tmp_path) == [
        "n must be exact in 64 bits, as up to 2^53, however: '9007199254740993' (row 1)",
        "b must be true or false, however: '?' (row 1)",
        "d must be a date such as 2026-11-23 or 2026-11-23 08:30, however: 'soon' (row 1)",
        "b must be true or false, however: '?' (row 2)",
        "d must be a date such as 2026-11-23 or 2026-11-23 08:30, however: 'soon' (row 2)",
    ]

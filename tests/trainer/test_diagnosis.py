"""What is wrong with a table is said in full: column, line and value."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.errors import InputError
from trainer.preparation import prepare

SCHEMA = {
    "target": "y",
    "columns": [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "categorical"}],
}


def complaint(csv: bytes, tmp_path: Path, task: str = "binary") -> list[str]:
    """The lines of the error that preparing this file ends in; nothing is left behind."""
    path = tmp_path / "table.csv"
    path.write_bytes(csv)
    with pytest.raises(InputError) as error:
        prepare(str(path), {**SCHEMA, "task": task}, str(tmp_path / "out"))
    assert not list(tmp_path.glob("out/*"))
    return str(error.value).replace(f"{tmp_path}/", "").split("\n")


def ragged(fields: int, line: int) -> str:
    return (
        f"a row must have 3 fields, as the header has, however: {fields} (line {line}); "
        "quote a field that holds a comma"
    )


FAR = "a number is too far from those of the training rows"
BAD = {
    "empty": (b"", ["a table must have a header, however: table.csv is empty"]),
    "header only": (b"a,b,y\n", ["a table must have rows, however: there is only a header"]),
    "missing columns": (
        b"a,c\n1,2\n",
        [
            "column b must be there, however: there are a, c",
            "column y must be there, however: there are a, c",
        ],
    ),
    "duplicated column": (
        b"a,b,y,a\n" + b"1,x,0,2\n2,z,1,3\n" * 20,
        ["column a must be there once, however: 2 times"],
    ),
    "wrong delimiter": (
        b"a;b;y\n1;x;0\n",
        ["columns must be separated by a comma, however: by a semicolon (line 1)"],
    ),
    "text in a number": (
        b"a,b,y\n1,x,0\nabc,x,1\n",
        ["a must be a number, however: 'abc' (line 3)"],
    ),
    "after a line break in quotes": (
        b'a,b,y\r\n1,"x\r\nz",0\r\nabc,x,1\r\n',
        ["a must be a number, however: 'abc' (line 4)"],
    ),
    "thousands separators": (
        b'a,b,y\n"1,000",x,0\n2,x,1\n',
        ["a must be a number, however: '1,000' (line 2)"],
    ),
    "decimal commas": (
        b'a,b,y\n"1,5",x,0\n2,x,1\n',
        ["a must be a number, however: '1,5' (line 2)"],
    ),
    "infinite": (
        b"a,b,y\ninf,x,0\n1e400,x,1\n-Infinity,x,1\n",
        [
            "a must be finite, however: 'inf' (line 2)",
            "a must be finite, however: '1e400' (line 3)",
            "a must be finite, however: '-Infinity' (line 4)",
        ],
    ),
    "beyond 2^53": (
        b"a,b,y\n9007199254740993,x,0\n1e300,x,1\n",
        ["a must be exact in 64 bits, as up to 2^53, however: '9007199254740993' (line 2)"],
    ),
    "beyond a variance": (
        b"a,b,y\n1e300,x,0\n-1e300,x,1\n2,x,1\n2,x,1\n",
        ["a must have a variance below 1e308, however: its numbers reach beyond"],
    ),
    "latin-1": (
        b"a,b,y\n1,caf\xe9,0\n2,x,1\n",
        ["b must be UTF-8, however: 'caf\\xe9' (line 2)"],
    ),
    "ragged rows": (
        b"a,b,y\n1,x,0\n2,x\n3,x,1,9\n4,x,1\n",
        [
            ragged(2, line=3),
            ragged(4, line=4),
        ],
    ),
    "an open quote": (
        b'a,b,y\n1,x,0\n2,"x,1\n3,x,1\n',
        ["quotes and fields must be well formed, however: unexpected end of data (line 3)"],
    ),
    "an open quote in the last field": (
        b'a,b,y\n1,x,0\n2,x,"1\n',
        ["quotes and fields must be well formed, however: unexpected end of data (line 3)"],
    ),
    "all missing": (
        b"a,b,y\n,x,0\nNA,,1\n",
        ["a must have a value in some row, however: all are missing"],
    ),
    "all missing text": (
        b"a,b,y\n1,,0\n2,NULL,1\n",
        ["b must have a value in some row, however: all are missing"],
    ),
    "missing target": (
        b"a,b,y\n1,x,0\n2,x,1\n3,x,\n",
        ["target y must not be missing, however: '' (line 4)"],
    ),
    "one class": (b"a,b,y\n1,x,7\n2,x,7\n", ["target y must have two values, however: only 7"]),
    "three classes": (
        b"a,b,y\n1,x,0\n2,x,1\n3,x,2\n",
        ["target y must have two values, however: 3: 0, 1, 2"],
    ),
    "one row": (b"a,b,y\n1,x,0\n", ["target y must have two values, however: only 0"]),
    "several at once": (
        b"a,b,y\n1,x\n\xff,x,2\ninf,x,\n1,,1\n1,,0\n",
        [
            ragged(2, line=2),
            "a must be UTF-8, however: '\\xff' (line 3)",
            "a must be finite, however: 'inf' (line 4)",
            "target y must not be missing, however: '' (line 4)",
            "target y must have two values, however: 3: 0, 1, 2",
        ],
    ),
    "too far from the training rows": (
        b"a,b,y\n1,x,0\n1e300,x,1\n2,x,1\n3,x,1\n",  # the second row validates
        [
            f"a must fit float32 once standardised, however: {FAR}",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_table(case: str, tmp_path: Path) -> None:
    csv, expected = BAD[case]
    assert complaint(csv, tmp_path) == expected


def test_rules_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(
        "n,c,b,d,y\n"
        "-1,x,true,2026-01-31,0\n"
        "121,z,maybe,31.01.2026,1\n"
        "50,y,no,2026-02-30,1\n"
        "50.5,y,F,2026-02-28 24:00,1\n"
    )
    columns = [
        {"name": "n", "kind": "numeric", "min": 0, "max": 120},
        {"name": "c", "kind": "categorical", "values": ["x", "y"]},
        {"name": "b", "kind": "boolean"},
        {"name": "d", "kind": "datetime"},
    ]
    with pytest.raises(InputError) as error:
        prepare(str(path), {"target": "y", "columns": columns}, str(tmp_path / "out"))
    date = "d must be a date such as 2026-11-23 or 2026-11-23 08:30, however: "
    assert str(error.value).split("\n") == [
        "n must be at least 0, however: '-1' (line 2)",
        "n must be at most 120, however: '121' (line 3)",
        "c must be one of x, y, however: 'z' (line 3)",
        "b must be true or false, however: 'maybe' (line 3)",
        f"{date}'31.01.2026' (line 3)",
        f"{date}'2026-02-30' (line 4)",
        f"{date}'2026-02-28 24:00' (line 5)",
    ]


def test_twenty_problems_and_a_count(tmp_path: Path) -> None:
    lines = complaint(b"a,b,y\n" + b"?,x,0\n" * 50_000 + b"1,x,1\n", tmp_path)
    assert len(lines) == 21
    assert lines[19:] == ["a must be a number, however: '?' (line 21)", "and 49980 more"]


@settings(max_examples=50)
@given(garbage=st.binary(max_size=300), header=st.booleans())
def test_garbage_never_gives_a_traceback(garbage: bytes, header: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "table.csv")
        path.write_bytes(b"a,b,y\n" + garbage if header else garbage)
        with contextlib.suppress(InputError):
            prepare(str(path), SCHEMA, directory)


LINES = st.lists(
    st.sampled_from(
        ["1,x,0", '2,"x,1', "inf,y,0", "3,x", '4,z"",1', ",,", '"5",,1', "NAN,x,0", "+1,x,1"]
    ),
    max_size=12,
)


@settings(max_examples=50)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_nearly_right_tables_never_give_a_traceback(lines: list[str], end: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "table.csv")
        path.write_bytes(end.join(["a,b,y", *lines, ""]).encode())
        with contextlib.suppress(InputError):
            prepare(str(path), SCHEMA, directory)
            with np.load(path.with_name("train_data.npz")) as npz:
                assert np.isfinite(npz["X_train"]).all()

"""What is wrong with a table is said in full: column, line and value."""

import contextlib
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from trainer.errors import InputError
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables.diagnosis import explain
from vertex_tabular.tables.inference import infer

SCHEMA = {
    "target": "y",
    "columns": [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "categorical"}],
}


def complaint(
    csv: bytes, tmp_path: Path, task: str = "binary", name: str = "table.csv"
) -> list[str]:
    """The lines of the error that preparing this file ends in; nothing is left behind."""
    path = tmp_path / name
    path.write_bytes(csv)
    with pytest.raises(InputError) as error:
        prepare(str(path), {**SCHEMA, "task": task}, str(tmp_path / "out"))
    assert not list(tmp_path.glob("out/*"))
    return str(error.value).replace(f"{tmp_path}/", "").split("\n")


def ragged(fields: int, line: int, cure: str) -> str:
    return f"a row must have 3 fields, as the header has, got {fields} (line {line}); {cure}"


def delimiter(rule: str, found: str, cure: str) -> list[str]:
    return [f"columns must be separated by a {rule}, got a {found} (line 1); {cure}"]


def nul(shown: str, line: int) -> str:
    return rf"a line must have no NUL byte, got {shown} (line {line}); remove it: tr -d '\0'"


def malformed(problem: str, line: int) -> str:
    return (
        f"quotes and fields must be well formed, got {problem} (line {line}); "
        "close each quote, and double those within"
    )


GOOD = b"a,b,y\n" + b"1,x,0\n2,z,1\n" * 10
AFTER_QUOTES = "',' expected after '\"'"
AS_CSV = "save it with commas, and points in decimals"
DOUBLE = "exact in 64 bits, as up to 2^53"
EMPTY = "leave it empty if it is missing"
END = "remove the comma at its end"
FAR = "a number too far from those of the training rows"
ID = "drop the column if it is an id"
MORE = "quote a field that holds a comma"
LESS = "leave a field empty where a value is missing"
LIKE = "write it like 1234.5"
NO_TARGET = "with `missing_target: drop` such rows are left out"
OPEN = "unexpected end of data"
TASK = "`task: multiclass` takes more"
UTF_8 = "save the file as UTF-8"
BAD = {
    "empty": (b"", ["table.csv must have a header, got none"]),
    "only a BOM": (b"\xef\xbb\xbf", ["table.csv must have a header, got none"]),
    "only line breaks": (b"\n\r\n", ["table.csv must have a header, got none"]),
    "header only": (b"a,b,y\n", ["a table must have rows, got only a header"]),
    "missing columns": (
        b"a,c\n1,2\n",
        [
            "column b must be there, got a, c",
            "column y must be there, got a, c",
        ],
    ),
    "no header": (
        b"1,x,0\n2,z,1\n",
        [f"column {name} must be there, got 1, x, 0" for name in "aby"],
    ),
    "names in capitals and with blanks": (
        b"A, b,y\n1,x,0\n",
        [
            "column a must be there, got A, ' b', y; is it 'A'?",
            "column b must be there, got A, ' b', y; is it ' b'?",
        ],
    ),
    "a name that is not UTF-8": (
        b"a,\xe9,y\n1,x,0\n",
        [f"column b must be there, got a, '\\xe9', y; {UTF_8}"],
    ),
    "many columns": (
        ",".join(f"c{i}" for i in range(1000)).encode() + b",a,b\n",
        ["column y must be there, got " + ", ".join(f"c{i}" for i in range(20)) + " and 982 more"],
    ),
    "duplicated column": (
        b"a,b,y,a\n" + b"1,x,0,2\n2,z,1,3\n" * 20,
        ["column a must be there once, got 2 times; rename all but one"],
    ),
    "semicolons": (b"a;b;y\n1,5;x;0\n", delimiter("comma", "semicolon", AS_CSV)),
    "semicolons and quotes": (
        b'"a";"b";"y"\n"1,5";"x";"0"\n',
        delimiter("comma", "semicolon", AS_CSV),
    ),
    "bars": (b"a|b|y\n1|x|0\n", delimiter("comma", "bar", AS_CSV)),
    "tabs": (b"a\tb\ty\n1\tx\t0\n", delimiter("comma", "tab", "end its name in .tsv")),
    "text in a number": (
        b"a,b,y\n1,x,0\nabc,x,1\n",
        [f"a must be a number, got 'abc' (line 3); {EMPTY}"],
    ),
    "after a line break in quotes": (
        b'a,b,y\r\n1,"x\r\nz",0\r\nabc,x,1\r\n',
        [f"a must be a number, got 'abc' (line 4); {EMPTY}"],
    ),
    "thousands separators": (
        b'a,b,y\n"1,000",x,0\n1 000,x,1\n1\'000,x,1\n1_000,x,1\n1.000.000,x,1\n',
        [
            f"a must be a number, got '1,000' (line 2); {LIKE}",
            f"a must be a number, got '1 000' (line 3); {LIKE}",
            f'a must be a number, got "1\'000" (line 4); {LIKE}',
            f"a must be a number, got '1_000' (line 5); {LIKE}",
            f"a must be a number, got '1.000.000' (line 6); {LIKE}",
        ],
    ),
    "decimal commas": (
        b'a,b,y\n"1,5",x,0\n2,x,1\n',
        [f"a must be a number, got '1,5' (line 2); {LIKE}"],
    ),
    "units and other bases": (
        "a,b,y\n5%,x,0\n€5,x,1\n5 kg,x,1\n0x10,x,1\n".encode(),
        [
            f"a must be a number, got '5%' (line 2); {LIKE}",
            f"a must be a number, got '€5' (line 3); {LIKE}",
            "a must be a number, got '5 kg' (line 4)",
            "a must be a number, got '0x10' (line 5)",
        ],
    ),
    "words for missing that are not pandas'": (
        b"a,b,y\n-,x,0\n?,x,1\nna,x,1\n #N/A,x,1\n ,x,1\n",
        [
            f"a must be a number, got {text!r} (line {line}); {EMPTY}"
            for line, text in enumerate(("-", "?", "na", " #N/A"), 2)
        ],
    ),
    "infinite": (
        b"a,b,y\ninf,x,0\n1e400,x,1\n-Infinity,x,1\n",
        [
            f"a must be finite, got 'inf' (line 2); {EMPTY}",
            "a must be finite, got '1e400' (line 3)",
            f"a must be finite, got '-Infinity' (line 4); {EMPTY}",
        ],
    ),
    "beyond 2^53": (
        b"a,b,y\n9007199254740993,x,0\n1e100,x,1\n+9007199254740993,x,1\n9007199254740992,x,1\n",
        [
            f"a must be {DOUBLE}, got '9007199254740993' (line 2); {ID}",
            f"a must be {DOUBLE}, got '+9007199254740993' (line 4); {ID}",
        ],
    ),
    "thousands of digits": (
        b"a,b,y\n" + b"0" * 9000 + b"9007199254740993,x,0\n1,x,1\n",
        [f"a must be {DOUBLE}, got '{'0' * 37}...' (line 2); {ID}"],
    ),
    "beyond what can be squared": (
        b"a,b,y\n1e300,x,0\n-1e141,x,1\n1e140,x,1\n",
        [
            "a must be at most 1e+140 in size, got '1e300' (line 2)",
            "a must be at most 1e+140 in size, got '-1e141' (line 3)",
        ],
    ),
    "latin-1": (
        b"a,b,y\n1,caf\xe9,0\n2,x,1\n",
        [f"b must be UTF-8, got 'caf\\xe9' (line 2); {UTF_8}"],
    ),
    "NUL bytes": (
        b"a,b,y,c\n1,x\0,0,\n?,x,1,\n3,x,1,\0\n",
        [
            nul(r"'1,x\x00,0,\n'", line=2),
            f"a must be a number, got '?' (line 3); {EMPTY}",
            nul(r"'3,x,1,\x00\n'", line=4),
        ],
    ),
    "ragged rows": (
        b"a,b,y\n1,x,0\n2,x\n3,x,1,9\n4,x,1,\n   \n5,x,1\n",
        [
            ragged(2, line=3, cure=LESS),
            ragged(4, line=4, cure=MORE),
            ragged(4, line=5, cure=END),
            ragged(1, line=6, cure=LESS),
        ],
    ),
    "an open quote": (b'a,b,y\n1,x,0\n2,"x,1\n3,x,1\n', [malformed(OPEN, line=3)]),
    "an open quote in the last field": (b'a,b,y\n1,x,0\n2,x,"1\n', [malformed(OPEN, line=3)]),
    "two open quotes, and a row between that they would take in": (
        b'a,b,y\n1,"x,0\n2,x,1\n3,"x,1\n4,x,0\n',
        [malformed(AFTER_QUOTES, line=2)],
    ),
    "text after quotes": (
        b'a,b,y\n1,"x"z,0\n2,"x" ,1\n',
        [malformed(AFTER_QUOTES, line=2), malformed(AFTER_QUOTES, line=3)],
    ),
    "all missing": (
        b"a,b,y\n,x,0\nNA,,1\n",
        ["a must have a value in some row, got none"],
    ),
    "all missing text": (
        b"a,b,y\n1,,0\n2,NULL,1\n",
        ["b must have a value in some row, got none"],
    ),
    "missing target": (
        b"a,b,y\n1,x,0\n2,x,1\n3,x,\n",
        [f"target y must not be missing, got '' (line 4); {NO_TARGET}"],
    ),
    "one class": (b"a,b,y\n1,x,7\n2,x,7\n", ["target y must have two values, got only 7"]),
    "three classes": (
        b"a,b,y\n1,x,0\n2,x,1\n3,x,2\n",
        [f"target y must have two values, got 3: 0, 1, 2; {TASK}"],
    ),
    "one row": (b"a,b,y\n1,x,0\n", ["target y must have two values, got only 0"]),
    "several at once": (
        b"a,b,y\n1,x\n\xff,x,2\ninf,x,\n1,,1\n1,,0\n",
        [
            ragged(2, line=2, cure=LESS),
            f"a must be UTF-8, got '\\xff' (line 3); {UTF_8}",
            f"a must be finite, got 'inf' (line 4); {EMPTY}",
            f"target y must not be missing, got '' (line 4); {NO_TARGET}",
            f"target y must have two values, got 3: 0, 1, 2; {TASK}",
        ],
    ),
    "too far from the training rows": (
        b"a,b,y\n1,x,0\n1e100,x,1\n2,x,1\n3,x,1\n",  # the second row validates
        [f"a must fit float32 once standardised, got {FAR}"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_table(case: str, tmp_path: Path) -> None:
    csv, expected = BAD[case]
    assert complaint(csv, tmp_path) == expected


UNUSUAL = {
    "a BOM": b"\xef\xbb\xbf" + GOOD,
    "a BOM before a quote": b"\xef\xbb\xbf" + GOOD.replace(b"a,b", b'"a",b', 1),
    "CRLF": GOOD.replace(b"\n", b"\r\n"),
    "CR alone": GOOD.replace(b"\n", b"\r"),
    "line breaks of all kinds": GOOD.replace(b"0\n2", b"0\r2", 1).replace(b"0\n2", b"0\r\n2", 1),
    "no line break at the end": GOOD.rstrip(b"\n"),
    "empty lines": b"\n\r\n" + GOOD.replace(b"1\n1", b"1\n\n\n1") + b"\n\n",
    "quotes around all": b'"' + GOOD.strip().replace(b",", b'","').replace(b"\n", b'"\n"') + b'"',
    "blanks around numbers": GOOD.replace(b"\n2,", b"\n 2\t,"),
    "signs and points": GOOD.replace(b"\n2,", b"\n+2.,").replace(b"\n1,", b"\n1e0,"),
    "another order, and more columns": b"y,,b,z,z,a\n" + b"0,,x,9,\xff,1\n1,,z,,9,2\n" * 10,
    "commas at the ends of all lines": GOOD.replace(b"\n", b",\n"),
    "a text longer than Python's limit": GOOD.replace(b"\n", b"," + b"x" * 140_000 + b"\n"),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_tables_are_read_and_explained_alike(case: str, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(GOOD)
    (tmp_path / "unusual.csv").write_bytes(UNUSUAL[case])
    found, expected = (
        prepare(str(tmp_path / f"{name}.csv"), SCHEMA, str(tmp_path / name))
        for name in ("unusual", "good")
    )
    assert (found.train, found.val, found.spec) == (expected.train, expected.val, expected.spec)
    explain([tmp_path / "unusual.csv"], parse_schema(SCHEMA))  # raises where it finds a problem


@pytest.mark.parametrize("nan", ["NaN", "nan", "-nan", "NAN", " Nan\t", "+nan", "NaN(ind)"])
def test_nan_among_numbers_is_missing_however_it_is_spelled(nan: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(GOOD + f"{nan},x,0\n".encode())
    profile = tmp_path / "profile.json"
    prepare(str(path), SCHEMA, str(tmp_path))
    assert json.loads(profile.read_text())["columns"]["a"]["missing"] == 1
    path.write_bytes(GOOD + f"{nan},x,0\ninf,x,0\n".encode())
    assert len(complaint(path.read_bytes(), tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("t.csv", GOOD.decode().encode("utf-16"), "UTF-16"),
        ("t.csv", GOOD.decode().encode("utf-16-le"), "UTF-16"),
        ("t.csv", GOOD.decode().encode("utf-16-be"), "UTF-16"),
        ("t.csv.gz", gzip.compress(GOOD.decode().encode("utf-16")), "UTF-16"),
        ("t.tsv", GOOD.decode().encode("utf-32"), "UTF-32"),
        ("t.csv", gzip.compress(GOOD), "gzip; end its name in .gz"),
        ("t.csv", b"PAR1\x15\0\x15", "Parquet; end its name in .parquet"),
        ("t.xlsx", b"PK\x03\x04\x14", "an Excel workbook or a zip archive; save the table as CSV"),
        ("t.xls", b"\xd0\xcf\x11\xe0", "an Excel workbook; save the table as CSV UTF-8"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,  # gzip's have the time in them
)
def test_what_is_no_csv_is_named(name: str, content: bytes, problem: str, tmp_path: Path) -> None:
    (line,) = complaint(content, tmp_path, name=name)
    assert line.startswith(f"{name} must be UTF-8 text, got {problem}")
    if problem.startswith("UTF"):
        assert line.endswith(f"; save it as UTF-8: iconv -f {problem} -t UTF-8")
    with pytest.raises(InputError, match="must be UTF-8 text"):
        infer(str(tmp_path / name))


def test_rules_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(
        "n,c,b,d,y\n"
        "-1,x,true,2026-01-31,0\n"
        "121,z,maybe,2026-01-32,1\n"
        "50,y,no,2026-02-30,1\n"
        "50.5,y,F,2026-02-28 24:00,1\n"
        "50,x,Yes,2026-02-28T08:30:00 CET,1\n"
        "50,x,0,2026-02-28 08:30:00.5+01:00,1\n"
        "50,x,1.0,31.01.2026,1\n"
        "50,x,1,2026-02-28.5,1\n"
        "50,x,t,unknown,1\n"
        "50,x,n,2026-02-28 08:30:00.123456789,1\n"
    )
    columns = [
        {"name": "n", "kind": "numeric", "min": 0, "max": 120},
        {"name": "c", "kind": "categorical", "values": ["x", "y"]},
        {"name": "b", "kind": "boolean"},
        {"name": "d", "kind": "datetime"},
    ]
    with pytest.raises(InputError) as error:
        prepare(str(path), {"target": "y", "columns": columns}, str(tmp_path / "out"))
    date = "d must be a date such as 2026-11-23 or 2026-11-23 08:30, got "
    zone = "write all in one zone, and leave it out"
    assert str(error.value).split("\n") == [
        "n must be at least 0, got '-1' (line 2)",
        "n must be at most 120, got '121' (line 3)",
        "c must be one of x, y, got 'z' (line 3)",
        "b must be true or false, yes or no, 1 or 0, got 'maybe' (line 3)",
        f"{date}'2026-01-32' (line 3)",
        f"{date}'2026-02-30' (line 4)",
        f"{date}'2026-02-28 24:00' (line 5)",
        f"{date}'2026-02-28T08:30:00 CET' (line 6); {zone}",
        f"{date}'31.01.2026' (line 8); say `order: day-month-year` or `order: month-day-year`",
        f"{date}'2026-02-28.5' (line 9)",
        f"{date}'unknown' (line 10); {EMPTY}",
    ]


def test_a_target_of_too_many_classes(tmp_path: Path) -> None:
    (line,) = complaint(
        b"a,b,y\n" + b"".join(b"1,x,u%d\n" % i for i in range(10_001)), tmp_path, "multiclass"
    )
    assert line == (
        "target y must have at most 10000 values, got 10001: u0, u1, u10, u100, u1000, ...; "
        "`task: regression` takes numbers"
    )


def test_twenty_problems_and_a_count(tmp_path: Path) -> None:
    lines = complaint(b"a,b,y\n" + b"?,x,0\n" * 50_000 + b"1,x,1\n", tmp_path)
    assert len(lines) == 21
    assert lines[19:] == [
        f"a must be a number, got '?' (line 21); {EMPTY}",
        "and 49980 more",
    ]


def compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def parquet_of(content: bytes) -> bytes:
    """A Parquet file with these bytes at some place in its middle."""
    file = io.BytesIO()
    table = pa.table({"a": [1.0, 2] * 10, "b": ["x", "z"] * 10, "y": [0, 1] * 10})
    parquet.write_table(table, file)
    place = len(content) * 7 % len(file.getvalue())
    return file.getvalue()[:place] + content + file.getvalue()[place + len(content) :]


@settings(max_examples=200)
@given(
    garbage=st.binary(max_size=300),
    header=st.booleans(),
    form=st.sampled_from(
        [
            ("t.csv", bytes),
            ("t.csv.gz", bytes),
            ("t.csv.gz", compressed),
            ("t.tsv", bytes),
            ("t.parquet", bytes),
            ("t.parquet", parquet_of),
        ]
    ),
)
def test_garbage_never_gives_a_traceback(
    garbage: bytes, header: bool, form: tuple[str, Callable[[bytes], bytes]]
) -> None:
    name, content = form
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_bytes(content(b"a,b,y\n" + garbage if header else garbage))
        with contextlib.suppress(InputError):
            prepare(str(path), SCHEMA, directory)
        with contextlib.suppress(InputError):
            parse_schema(yaml.safe_load(infer(str(path)).schema))


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

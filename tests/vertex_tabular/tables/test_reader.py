"""Whatever the size of the chunks, a CSV gives the same table."""

import io
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vertex_tabular.joined import concatenate
from trainer.errors import InputError
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.values import MISSING, is_missing
from vertex_tabular.tables import diagnosis, records
from vertex_tabular.tables import table as tables
from vertex_tabular.tables.formats.delimited import read_blocks
from vertex_tabular.tables.problems import Problems
from vertex_tabular.tables.reader import read_parts
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.rows import rows_of
from vertex_tabular.tables.table import Categorical, Table, take

SCHEMA = parse_schema(
    {
        "target": "y",
        "columns": [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "categorical"}],
    }
)
QUOTED = (
    b'\xef\xbb\xbf"a",y,"name, ""b""",b\r\n'
    b'1,0,"one\nand, ""two""",x\r\n\r\n'
    b'"2.5",1,"","y\r\nz"\r\n'
    b' 300 ,1,,""\r\n'
    b',0,"\n\n\n",x'
)


@pytest.mark.parametrize("chunk", [30, 40, 77, 1000])
def test_chunks_end_where_records_end(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK_BYTES", chunk)
    table = concatenate(read_blocks(io.BytesIO(QUOTED), SCHEMA))
    assert table.rows == 4
    np.testing.assert_array_equal(table.numbers["a"], [1, 2.5, 300, np.nan])
    b = table.texts["b"]
    assert [b.categories[code] if code >= 0 else None for code in b.codes] == [
        "x",
        "y\r\nz",
        None,
        "x",
    ]


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(st.floats(-1e6, 1e6, width=32), st.text('ab,"\n é', max_size=9)), min_size=1
    ),
    chunk=st.integers(1, 64),
)
def test_any_size_of_chunk_gives_the_same_table(rows: list[tuple[float, str]], chunk: int) -> None:
    lines = "".join(f'{a!r},"{b.replace(chr(34), chr(34) * 2)}",1\n' for a, b in rows)
    data = f"a,b,y\n{lines}".encode()
    whole = concatenate(read_blocks(io.BytesIO(data), SCHEMA))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "CHUNK_BYTES", max(chunk, len(data) // 8))
        parts = concatenate(read_blocks(io.BytesIO(data), SCHEMA))
    np.testing.assert_array_equal(parts.numbers["a"], np.array([a for a, _ in rows]))
    np.testing.assert_array_equal(parts.numbers["a"], whole.numbers["a"])
    np.testing.assert_array_equal(parts.texts["b"].codes, whole.texts["b"].codes)
    assert parts.texts["b"].categories == whole.texts["b"].categories


FIELDS = ["1", '"2"', " 3 ", "+4.", "nan", " NAN", "", "x", 'x"y', '5"', '"5', '"5"6', ' "7"', '""']
FIELDS += ['"a,b"', '"a\nb"', '"a""b"', '"""', '""""', '"" ', "NA", "é", "\0", "9007199254740993"]
ROWS = st.lists(st.tuples(*[st.sampled_from(FIELDS)] * 3).map(",".join), max_size=8)


@settings(max_examples=300)
@given(
    header=st.sampled_from(["a,b,y", '"a","b","y"', "\na,b,y", '\ufeffa,b,"y"', '\ufeff"a",b,y']),
    body=ROWS.map("\n".join) | st.text('",\n1', max_size=40),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    chunk=st.integers(1, 40),
)
def test_what_is_read_fast_is_what_python_reads(
    header: str, body: str, end: str, chunk: int
) -> None:
    """And what is refused is explained."""
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        path = Path(directory, "t.csv")
        path.write_text(f"{header}\n{body}".replace("\n", end), "utf-8", newline="")
        patch.setattr(records, "CHUNK_BYTES", chunk)
        try:
            table = concatenate(read_parts([path], SCHEMA))
        except TableReadError:
            with pytest.raises(InputError):
                diagnosis.explain([path], SCHEMA)
            return
        problems = Problems()
        rows = [row for _, row in rows_of(path, SCHEMA.names, problems)]
    problems.raise_if_any()
    numbers = [math.nan if is_missing(row["a"], True) else float(row["a"]) for row in rows]
    np.testing.assert_array_equal(table.numbers["a"], numbers)
    columns = {column.name: column for column in SCHEMA.read}
    for name, texts in table.texts.items():
        read = [texts.categories[code] if code >= 0 else None for code in texts.codes]
        kept = columns[name].kept
        assert read == [None if is_missing(row[name], False) else kept(row[name]) for row in rows]


def test_quotes_within_an_unquoted_field_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b"".join(b"%d,5'%d\",%d\n" % (i, i, i % 2) for i in range(9)) + b'9,"5\n,""",1\n'
    for chunk in (1, 20, 1000):
        monkeypatch.setattr(records, "CHUNK_BYTES", chunk)
        table = concatenate(read_blocks(io.BytesIO(b"a,b,y\n" + lines), SCHEMA))
        assert table.texts["b"].categories == [*(f"5'{i}\"" for i in range(9)), '5\n,"']


def test_empty_lines_and_columns_that_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK_BYTES", 4)
    csv = b"z,a,b,y,z\n\n\n\n\n,1,x,0,\n\r\n\r\n\r\n\n,2,x,1,\n\n\n\n\n\n\n"
    np.testing.assert_array_equal(
        concatenate(read_blocks(io.BytesIO(csv), SCHEMA)).numbers["a"], [1, 2]
    )


def test_numbers_take_as_few_bytes_as_hold_them() -> None:
    schema = parse_schema(
        {"target": "y", "columns": [{"name": n, "kind": "numeric"} for n in "abcd"]}
    )
    csv = b"a,b,c,d,y\n-128,0.5,0.1,1000,0\n127,,,1001,1\n"
    numbers = concatenate(read_blocks(io.BytesIO(csv), schema)).numbers
    assert [str(numbers[name].dtype) for name in "abcd"] == [
        "int8",
        "float32",
        "float64",
        "float32",
    ]
    np.testing.assert_array_equal(numbers["c"], [0.1, np.nan])


WORD_FOR_MISSING = sorted(MISSING - {""})


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("word", WORD_FOR_MISSING)
def test_each_word_for_a_missing_number_is_one(
    word: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though at first the reader looks for none of them."""
    monkeypatch.setattr(records, "CHUNK_BYTES", 40)
    numbers = [str(i) for i in range(30)]
    numbers[0 if where == "first" else -1] = word
    csv = "a,b,y\n" + "".join(f"{number},x,0\n" for number in numbers)
    table = concatenate(read_blocks(io.BytesIO(csv.encode()), SCHEMA))
    expected = [math.nan if number == word else float(number) for number in numbers]
    np.testing.assert_array_equal(table.numbers["a"], expected)
    assert table.numbers["a"].dtype == np.float32


ROWS_OF = st.lists(st.integers(0, 8), max_size=20).map(lambda rows: np.array(rows, np.int32))


@given(rows=ROWS_OF | st.lists(st.booleans(), min_size=9, max_size=9).map(np.array))
def test_rows_are_taken_by_number_or_by_mask(rows: np.ndarray) -> None:
    column = np.arange(9) * 1.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_ROWS", 4)
        np.testing.assert_array_equal(take(column, rows), column[rows])
        out = np.empty(len(column[rows]))
        assert take(column, rows, out) is out
        table = Table(
            9, {"n": column}, {"t": Categorical(np.arange(9, dtype=np.int8), list("abcdefghi"))}
        )
        some = table.take(rows)
    np.testing.assert_array_equal(out, column[rows])
    assert (some.rows, some.texts["t"].codes.tolist()) == (len(out), np.arange(9)[rows].tolist())


@pytest.mark.parametrize("categories", [1, 9, 10, 300])
def test_the_rows_of_each_level_are_counted(categories: int) -> None:
    codes = np.random.default_rng(categories).integers(-1, categories, 1000).astype(np.int16)
    texts = Categorical(codes, [str(i) for i in range(categories)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_ROWS", 77)
        counts = texts.counts
    assert counts.tolist() == [int(sum(codes == i)) for i in [*range(categories), -1]]

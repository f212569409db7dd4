"""Whatever the size of the chunks, a CSV gives the same table."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import tables
from trainer.growing import concatenate
from trainer.schema import parse_schema
from trainer.tables import Refused, read_blocks, whole_records

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
    monkeypatch.setattr(tables, "CHUNK_BYTES", chunk)
    assert b"".join(whole_records(io.BytesIO(QUOTED))) == QUOTED
    table = concatenate(read_blocks(io.BytesIO(QUOTED), SCHEMA))
    assert table.rows == 4
    np.testing.assert_array_equal(table.numbers["a"], [1, 2.5, 300, np.nan])
    b = table.texts["b"]
    assert [b.levels[code] if code >= 0 else None for code in b.codes] == ["x", "y\r\nz", None, "x"]


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
        patch.setattr(tables, "CHUNK_BYTES", max(chunk, len(data) // 8))
        parts = concatenate(read_blocks(io.BytesIO(data), SCHEMA))
    np.testing.assert_array_equal(parts.numbers["a"], np.array([a for a, _ in rows]))
    np.testing.assert_array_equal(parts.numbers["a"], whole.numbers["a"])
    np.testing.assert_array_equal(parts.texts["b"].codes, whole.texts["b"].codes)
    assert parts.texts["b"].levels == whole.texts["b"].levels


def test_empty_lines_and_columns_that_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK_BYTES", 4)
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


def test_a_record_without_an_end_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK_BYTES", 10)
    monkeypatch.setattr(tables, "MOST_BYTES", 80)
    endless = io.BytesIO(b'a,b\n1,"' + b"x\n" * 1000)
    with pytest.raises(Refused, match="a quote is not closed, or a row is longer than"):
        list(whole_records(endless))
    assert endless.tell() < 200

"""A CSV comes in chunks that end where its records end."""

import io

import pytest

from vertex_tabular.tables import records
from vertex_tabular.tables.records import TableReadError, whole_records

QUOTED = (
    b'\xef\xbb\xbf"a",y,"name, ""b""",b\r\n'
    b'1,0,"one\nand, ""two""",x\r\n\r\n'
    b'"2.5",1,"","y\r\nz"\r\n'
    b',0,"\n\n\n",x'
)


@pytest.mark.parametrize("chunk", [1, 7, 30, 40, 77, 1000])
@pytest.mark.parametrize("line", [0, 3, 1000])
def test_the_chunks_are_the_file(chunk: int, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the memory of a chunk that is done with is written over."""
    monkeypatch.setattr(records, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(records, "LINE_BYTES", line)
    free: list[bytearray] = []
    found = b""
    for data in whole_records(io.BytesIO(QUOTED), free=free):
        assert bytes(data).count(b'"') % 2 == 0
        found += bytes(data)
        assert isinstance(data.obj, bytearray)
        free.append(data.obj)
    assert found == QUOTED


def test_only_chunks_that_are_done_with_are_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK_BYTES", 4)
    lines = [b"%d\n" % i for i in range(100, 109)]
    free: list[bytearray] = []
    chunks = whole_records(io.BytesIO(b"".join(lines)), free=free)
    kept = [next(chunks) for _ in range(5)]
    done = kept.pop(0).obj
    assert isinstance(done, bytearray)
    free.append(done)
    assert next(chunks).obj is done
    kept += chunks
    assert [bytes(data) for data in kept] == [*lines[1:5], *lines[6:]]


def test_a_record_without_an_end_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK_BYTES", 10)
    monkeypatch.setattr(records, "MAX_BYTES", 80)
    endless = io.BytesIO(b'a,b\n1,"' + b"x\n" * 1000)
    with pytest.raises(TableReadError, match="a quote is not closed, or a row is longer than"):
        list(whole_records(endless))
    assert endless.tell() < 200

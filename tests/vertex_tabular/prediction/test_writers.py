"""Predictions in a CSV: what it cannot hold, and what a spreadsheet makes of it."""

import csv
import io
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import InputError
from vertex_tabular.prediction.writers import CsvPredictions

FORMULAS = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=A1", "-", "+-1", "-x"]
PLAIN = ["-1.5", "+3", "-.5", "-1e5", "+1.5E-3", "", "a=1", "'=1", " =1", "1", "x,y", 'a"b']
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def written(table: Any, safe: bool) -> list[list[str]]:
    file = io.BytesIO()
    writer = CsvPredictions(file, safe)
    writer.write(writer.encode(table))
    return list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_a_formula_gets_an_apostrophe_and_a_number_does_not(kind: Any) -> None:
    table = pa.table({"=id": pa.array(FORMULAS + PLAIN).cast(kind), "p": [-0.5] * 23})
    header, *rows = written(table, safe=True)
    assert header == ["'=id", "p"]
    assert [row[0] for row in rows] == [f"'{text}" for text in FORMULAS] + PLAIN
    assert {row[1] for row in rows} == {"-0.5"}


def test_without_the_option_a_cell_is_what_the_table_has() -> None:
    header, *rows = written(pa.table({"=id": FORMULAS + PLAIN, "p": [0.5] * 23}), safe=False)
    assert header == ["=id", "p"]
    assert [row[0] for row in rows] == FORMULAS + PLAIN


@given(st.lists(st.text(), min_size=1), st.text(min_size=1).filter(lambda name: name != "p"))
def test_no_cell_is_a_formula_and_none_is_lost(texts: list[str], name: str) -> None:
    header, *rows = written(pa.table({name: texts, "p": [0.5] * len(texts)}), safe=True)
    for text, (cell, _) in zip([name, *texts], [header, *rows], strict=True):
        assert cell in (text, f"'{text}")
        assert not cell.startswith(tuple("=+-@\t\r\n")) or NUMBER.fullmatch(cell)


def test_a_missing_key_stays_missing() -> None:
    table = pa.table({"id": pa.array(["=1", None]), "p": [0.5, 0.5]})
    assert written(table, safe=True)[1:] == [["'=1", "0.5"], ["", "0.5"]]


def test_a_key_that_is_no_text_is_refused() -> None:
    table = pa.table({"key": pa.array([b"\xff\xfe"], pa.binary())})
    with pytest.raises(InputError, match="a key must be UTF-8 in a CSV, got .*; write .parquet"):
        CsvPredictions(io.BytesIO()).encode(table)

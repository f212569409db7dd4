"""A table that grows block by block is the table of all blocks."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vertex_tabular.joined import concatenate
from vertex_tabular.tables.builder import GrowingArray, TableBuilder
from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.table import Categorical, Table

NUMBERS = [
    st.lists(st.integers(-128, 127)).map(lambda x: np.array(x, np.int8)),
    st.lists(st.floats(width=32)).map(lambda x: np.array(x, np.float32)),
    st.lists(st.floats()).map(lambda x: np.array(x, np.float64)),
]


@given(blocks=st.lists(st.one_of(NUMBERS), min_size=1))
def test_a_column_is_its_blocks_in_a_type_that_holds_them(blocks: Sequence[np.ndarray]) -> None:
    column = GrowingArray()
    for block in blocks:
        column.append(block)
    values = column.values()
    assert values.dtype == np.result_type(np.int8, *blocks)
    np.testing.assert_array_equal(values, np.concatenate(blocks))


def test_categories_keep_the_code_of_the_block_that_had_them_first() -> None:
    builder = TableBuilder()
    for categories in (["b", "a"], ["c", "a"]):
        builder.append(Table(3, {}, {"t": Categorical(np.array([0, -1, 1], np.int8), categories)}))
    texts = builder.table().texts["t"]
    assert texts.categories == ["b", "a", "c"]
    assert texts.codes.tolist() == [0, -1, 1, 2, -1, 1]


def test_it_gives_its_blocks_again() -> None:
    builder = TableBuilder()
    for rows in (4, 0, 5):
        codes = Categorical(np.arange(rows, dtype=np.int8), [str(i) for i in range(rows)])
        builder.append(Table(rows, {"n": np.arange(rows) / 3}, {"t": codes}))
    for block, rows in zip(builder.blocks(), (4, 0, 5), strict=True):
        assert block.rows == rows
        assert block.numbers["n"].tolist() == (np.arange(rows) / 3).tolist()
        texts = block.texts["t"]
        assert [texts.categories[code] for code in texts.codes] == [str(i) for i in range(rows)]


def test_no_rows_are_refused() -> None:
    with pytest.raises(TableReadError, match="there are no rows"):
        concatenate([])

"""The totals of a column are those of all its rows, whatever the blocks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertex_tabular.tables.totals import Totals

NUMBERS = st.floats(-1e9, 1e9, width=32) | st.just(math.nan)


@given(blocks=st.lists(st.lists(NUMBERS), max_size=5))
def test_blocks_add_up(blocks: list[list[float]]) -> None:
    totals = Totals()
    for block in blocks:
        totals.add(np.array(block, np.float32))
    numbers = [number for block in blocks for number in block]
    present = [number for number in numbers if not math.isnan(number)]
    assert (totals.rows, totals.missing) == (len(numbers), len(numbers) - len(present))
    assert totals.low == min(present, default=math.inf)
    assert totals.high == max(present, default=-math.inf)
    if present:
        assert totals.mean == pytest.approx(math.fsum(present) / len(present), abs=1e-6)


def test_whole_numbers_are_summed_as_doubles() -> None:
    totals = Totals()
    totals.add(np.full(9, 127, np.int8))
    assert (totals.mean, totals.low, totals.missing) == (127, 127, 0)

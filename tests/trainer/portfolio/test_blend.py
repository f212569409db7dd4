"""The blend: never worse than the best candidate on the rows that decide, and small shares go."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.portfolio.blend import LEAST_SHARE, blend
from trainer.portfolio.parts import PARTS, judging_parts, parts_of


@given(st.integers(1, 4), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_shares_are_a_blend(candidates: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    y = random.normal(size=rows)
    predictions = [y[:, None] + random.normal(size=(rows, 1)) for _ in range(candidates)]
    shares = blend(predictions, lambda p: float(np.square(p[:, 0] - y).mean()))
    assert np.isclose(sum(shares), 1)
    assert all(share == 0 or share >= LEAST_SHARE for share in shares)


def test_two_that_err_in_opposite_ways_share() -> None:
    y = np.zeros(10)
    predictions = [np.full((10, 1), 1.0), np.full((10, 1), -1.0), np.full((10, 1), 5.0)]
    assert blend(predictions, lambda p: float(np.square(p[:, 0] - y).mean())) == [0.5, 0.5, 0.0]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=100), st.integers(0, 2**63 - 1))
def test_parts_have_equal_shares_of_each_class(classes: list[int], seed: int) -> None:
    y = np.array(classes, float)
    part = parts_of(y, seed)
    for value in np.unique(y):
        counts = np.bincount(part[y == value], minlength=PARTS)
        assert counts.max() - counts.min() <= 2
    assert len(part) == len(y) and set(part) <= set(range(PARTS))


def test_how_many_parts_judge() -> None:
    assert [judging_parts(rows) for rows in (10, 1000, 2500, 10_000)] == [5, 5, 2, 2]

"""Errors by group: the worst are ranked, and a single odd one does not set their scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertex_tabular.features.spec import Feature
from vertex_tabular.report import groups
from vertex_tabular.report.columns import Column


def column(name: str, first: int, levels: list[str]) -> Column:
    spec = Feature(name, "categorical", "ordinal", [name], levels[0], levels, [0.0], [1.0])
    return Column(name, slice(first, first + 1), spec)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_levels_of_few_rows_are_neither_ranked_nor_certain(task: str) -> None:
    """One row that is wrong is 100 % wrong, and leads no list."""
    random = np.random.default_rng(0)
    levels = ["bad", "good", "one"]
    codes = np.array([0] * 50 + [1] * 149 + [2])
    wrong = np.where(codes == 0, 0.6, 0.1)
    errors = (random.random(200) < wrong) * 1.0 if task == "binary" else wrong * 10
    errors[-1] = 1.0 if task == "binary" else 1e6
    found = groups.groups_of(task, [column("c", 0, levels)], codes[:, np.newaxis] * 1.0, errors)
    shown = groups.rank(found, errors)
    assert [level.name for level in shown.worst] == (["bad"] if task == "binary" else [])
    (one,) = (level for level in found[0].levels if level.name == "one")
    assert np.isnan(one.low) if task == "regression" else one.low < 0.3


def test_the_worst_are_cut_at_ten_and_the_rest_is_kept() -> None:
    names = [f"level {number:02}" for number in range(20)]
    columns = [column(f"c{i}", i, names) for i in range(9)]
    random = np.random.default_rng(1)
    x = random.integers(0, 20, (4000, 9)).astype(np.float64)
    errors = (random.random(4000) < np.where(x[:, 3] == 7, 0.9, 0.2)) * 1.0
    shown = groups.rank(groups.groups_of("binary", columns, x, errors), errors)
    assert len(shown.worst) == 10
    assert (shown.worst[0].column, shown.worst[0].name) == ("c3", "level 07")
    assert shown.groups[0].column == "c3" and len(shown.groups) == 9
    lows = [level.low for level in shown.worst]
    assert lows == sorted(lows, reverse=True)
    assert all(level.error > shown.overall for level in shown.worst)


def test_a_level_of_all_rows_is_no_group() -> None:
    errors = np.ones(40) * (np.arange(40) % 2)
    found = groups.groups_of("binary", [column("c", 0, ["all"])], np.zeros((40, 1)), errors)
    assert groups.rank(found, errors).worst == []


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=10), st.floats(1, 1e9))
def test_one_odd_level_does_not_set_the_scale(highs: list[float], odd: float) -> None:
    usual = groups.scale_end(highs, 0.005)
    assert usual <= max(highs)
    assert groups.scale_end([*highs, odd * max(highs)], 0.005) <= 2 * max(highs)


def test_the_scale_holds_all_when_none_is_odd() -> None:
    assert groups.scale_end([0.2, 0.3, 0.35], 0.2) == 0.35
    assert groups.scale_end([], 0.0) == 1.0

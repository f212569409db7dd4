"""One format of numbers and names: what is shown together looks alike, and what differs does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertex_tabular.pages import formatting

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: x if abs(x) >= 1e-3 else 0.0)
NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=99), min_size=1, max_size=60)


def read(text: str) -> float:
    return float(text.replace(",", "").replace(formatting.MINUS, "-"))


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_numbers_side_by_side_are_alike(values: list[float]) -> None:
    texts = formatting.together(values)
    decimals = {len(text.partition(".")[2]) for text in texts}
    assert len(decimals) == 1 and decimals.pop() <= 6
    largest = max(map(abs, values))
    for text, value in zip(texts, values, strict=True):
        assert "e" not in text
        assert abs(read(text) - value) <= max(1e-3 * largest, 1e-6)
        assert ("," in text) == (largest >= 10_000 and abs(read(text)) >= 1000)
    assert len(texts[0].partition(".")[2]) == 0 or any(text[-1] != "0" for text in texts)


@given(st.lists(st.floats(-1e7, 1e7).map(lambda x: round(x, 2)), min_size=2, max_size=9))
def test_bounds_that_differ_look_different(values: list[float]) -> None:
    assert len(set(formatting.apart(values))) == len(set(values))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([9356, 11484], ["9,356", "11,484"]),
        ([-0.005, -0.0014], ["−0.0050", "−0.0014"]),
        ([1900, 2023], ["1900", "2023"]),
        ([535_454_000.0], ["535,454,000"]),
        ([1.0, 2.0, 12.0], ["1", "2", "12"]),
        ([math.nan, 0.5], ["–", "0.5"]),
        ([0.0, 0.0], ["0", "0"]),
        ([1e-9], ["1.000e−09"]),
        ([], []),
    ],
)
def test_rows_of_numbers(values: list[float], texts: list[str]) -> None:
    assert formatting.together(values) == texts


@given(NAMES, st.integers(5, 40))
def test_a_long_name_keeps_both_ends(name: str, limit: int) -> None:
    short = formatting.shortened(name, limit)
    assert len(short) == min(len(name), limit)
    if short != name:
        begin, end = short.split("…")
        assert name.startswith(begin) and name.endswith(end) and begin and end


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_different_names_stay_different(names: list[str]) -> None:
    short = formatting.distinct(names, 16)
    assert len(set(short)) == len(names)
    assert all(len(text) <= 16 for text in short)


def test_names_that_differ_in_the_middle_show_it() -> None:
    names = [f"{'a' * 50}{number:02}{'b' * 48}" for number in range(30)]
    short = formatting.distinct(names, 20)
    assert all(f"{number:02}" in text for number, text in enumerate(short))


def test_counts_shares_and_times() -> None:
    assert [formatting.fixed(v, 3) for v in (-0.0001, -1.5, 1e5)] == [
        "0.000",
        "−1.500",
        "100,000.000",
    ]
    assert [formatting.plain(v) for v in (2019, 14.5, 3.0, 0.00012345)] == [
        "2019",
        "14.5",
        "3",
        "0.000123",
    ]
    assert [formatting.seconds(v) for v in (0.065, 1.148, 200, 9000, None)] == [
        "65 ms",
        "1.1 s",
        "3 min 20 s",
        "2 h 30 min",
        "–",
    ]
    assert formatting.places(0.734, 0.867) == 3
    assert formatting.places(82_626, 98_369) == 0
    assert formatting.places(float("nan"), float("nan")) == 4

"""The part of CEL that a condition may have."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.local.graph.conditions import parse
from trainer.errors import TabularError

X = "inputs.parameter_values['x']"


@pytest.mark.parametrize(
    ("condition", "x", "expected"),
    [
        (f"{X} == 'heads'", "heads", True),
        (f"!({X} == 'heads')", "heads", False),
        (f"!({X} == 'heads') && {X} != 'rim'", "tails", True),
        (f"int({X}) > -3", -2, True),
        (f"int({X}) >= 3 || int({X}) < 0", 1, False),
        (f"double({X}) <= 1.5e1", 15, True),
        (f"{X} == true", True, True),
        (f"{X} == true", 1, False),
        (f"{X} != 'x'", None, True),
        (X, True, True),
        ('inputs.parameter_values["x"] == "it\\"s"', 'it"s', True),
        (f"({X} == 'a') == false", "b", True),
    ],
)
def test_it_is_as_cel_has_it(condition: str, x: Any, expected: bool) -> None:
    assert parse(condition)({"x": x}) == expected


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40))
def test_numbers_compare_as_numbers(left: int, right: int) -> None:
    for sign, expected in (("<", left < right), (">=", left >= right), ("==", left == right)):
        assert parse(f"int({X}) {sign} {right}")({"x": left}) == expected


@pytest.mark.parametrize(
    "condition", ["", "1 +", f"{X} ==", f"({X}", f"{X} in [1]", "size('a') == 1", "'it's' == 'a'"]
)
def test_another_form_is_refused(condition: str) -> None:
    with pytest.raises(ValueError):
        parse(condition)


@given(st.text(alphabet="inputs.aremtv_l['x']=!<>&|() 01\"\\", max_size=40))
def test_whatever_stands_there_is_parsed_or_refused(text: str) -> None:
    try:
        expression = parse(text)
    except ValueError:
        return
    try:
        expression({"x": "a"})
    except TabularError:
        return


@pytest.mark.parametrize(("condition", "x"), [(f"int({X}) > 1", "a"), (f"{X} > 1", "a")])
def test_values_that_cannot_be_compared_are_named(condition: str, x: Any) -> None:
    with pytest.raises(TabularError, match="'a'"):
        parse(condition)({"x": x})

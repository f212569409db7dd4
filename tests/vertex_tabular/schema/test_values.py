"""What a single text of a table stands for, and which classes labels make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertex_tabular.schema.values import classes_of, plain_number


@pytest.mark.parametrize(
    "classes",
    [
        ["0", "1"],
        ["1", "1.0", "2", "10"],
        ["-1", "+1", "1", "1.5"],
        ["001", "01", "1", "010", "100"],
        ["2.1", "2.10", "3"],
        ["9007199254740992", "9007199254740993", "1234567890123456789012345"],
        ["1", "10", "1_0", "2"],  # 1_0 is no number, so all are in the order of their texts
        ["1", "1e3", "2"],
        ["1", "\u0663", "\u0967"],
        [" 7", "07", "7", "7 ", "7 8"],
    ],
)
def test_classes_are_the_labels_in_order(classes: list[str]) -> None:
    assert classes_of(reversed(classes)) == classes


@given(st.lists(st.text("07.\u0663_e +-"), unique=True))
def test_no_label_is_lost_or_respelled(labels: list[str]) -> None:
    classes = classes_of(labels)
    assert sorted(classes) == sorted(labels)
    assert classes_of(classes[::-1]) == classes


@pytest.mark.parametrize(
    ("text", "plain"), [("1.0", "1"), ("-3.", "-3"), ("1", "1"), ("1.50", "1.50"), ("v1.0", "v1.0")]
)
def test_a_whole_number_with_a_fraction(text: str, plain: str) -> None:
    assert plain_number(text) == plain

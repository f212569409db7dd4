"""Reading a file that may be damaged."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import InputError, TabularError
from trainer.reading import DAMAGE, read_json, reading, typed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@dataclass(frozen=True)
class Point:
    x: float
    names: dict[str, list[int]] = field(default_factory=dict)
    kind: Literal["a", "b"] = "a"
    more: "Point | None" = None


@given(VALUES)
def test_any_value_is_of_the_type_or_refused(value: Any) -> None:
    try:
        found = typed(Point, value)
    except ValueError:
        return
    assert isinstance(found, Point) and isinstance(found.x, int | float)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"x": "1"}, "'1' at x"),
        ({"x": True}, "True at x"),
        ({"x": float("nan")}, "nan at x"),
        ({"x": 10**400}, "at x"),
        ({"x": 1, "names": {"a": [1, 2.5]}}, r"2.5 at names.a\[1\]"),
        ({"x": 1, "kind": "c"}, "'c' at kind"),
        ({"x": 1, "more": {}}, "at more"),
        ([], r"\[\]"),
        ({}, "no x"),
    ],
)
def test_the_message_says_where(value: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        typed(Point, value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[" * 100_000, b'{"x": 1', b'{"x": 1, "names": {"\\ud800": [1]}}', b"null"],
)
def test_a_damaged_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "point.json"
    path.write_bytes(content)
    with pytest.raises(TabularError, match=r"point.json must be a point, got .*; draw it") as told:
        read_json(path, Point, "a point", "draw it")
    assert "\n" not in str(told.value)


def test_a_whole_file_is_read_and_a_missing_one_told(tmp_path: Path) -> None:
    path = tmp_path / "point.json"
    path.write_text(json.dumps({"x": 2, "more": {"x": 0.5}, "later": 1}))
    assert read_json(path, Point, "a point") == Point(2, more=Point(0.5))
    with pytest.raises(InputError, match="none.json must be a point, got No such file"):
        read_json(tmp_path / "none.json", Point, "a point", error=InputError)


@pytest.mark.parametrize("damage", DAMAGE)
def test_whatever_a_parser_raises(damage: type[Exception]) -> None:
    with pytest.raises(TabularError, match="f must be good, got ."), reading("f", "good"):
        raise damage()

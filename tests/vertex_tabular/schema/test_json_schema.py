"""The JSON Schema of schema.yaml says what the reader says, of many schemas right and wrong."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainer.errors import InputError
from vertex_tabular.schema.json_schema import as_text, json_schema
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.reader import read_schema
from vertex_tabular.schema.rules import IMPUTES, KEYS, RULES

TYPES: dict[str, Any] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def is_valid(value: Any, rule: dict[str, Any]) -> bool:
    """Whether a value fits a JSON Schema of the few keywords that this one has; an unknown keyword
    is a KeyError."""
    return all(CHECKS[keyword](value, given, rule) for keyword, given in rule.items())


def has_type(value: Any, names: str | list[str]) -> bool:
    names = [names] if isinstance(names, str) else names
    if isinstance(value, bool):
        return "boolean" in names
    if "integer" in names and isinstance(value, float) and value.is_integer():
        return True
    return any(isinstance(value, TYPES[name]) for name in names if name != "boolean")


CHECKS: dict[str, Any] = {
    "$schema": lambda *_: True,
    "title": lambda *_: True,
    "type": lambda value, names, _: has_type(value, names),
    "enum": lambda value, allowed, _: any(
        value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed
    ),
    "anyOf": lambda value, rules, _: any(is_valid(value, rule) for rule in rules),
    "pattern": lambda value, p, _: not isinstance(value, str) or bool(re.search(p, value)),
    "exclusiveMinimum": lambda value, low, _: not has_type(value, "number") or value > low,
    "minItems": lambda value, least, _: not isinstance(value, list) or len(value) >= least,
    "items": lambda value, rule, _: (
        not isinstance(value, list) or all(is_valid(each, rule) for each in value)
    ),
    "required": lambda value, names, _: not isinstance(value, dict) or set(names) <= set(value),
    "properties": lambda value, rules, _: (
        not isinstance(value, dict)
        or all(is_valid(value[name], rule) for name, rule in rules.items() if name in value)
    ),
    "additionalProperties": lambda value, _, rule: (
        not isinstance(value, dict) or set(value) <= set(rule["properties"])
    ),
}

TEXTS = st.sampled_from(["a", "", "010", "yes", "12:30", "None", "2026-11-24", "ü\n: #", "0.5"])
NUMBERS = st.integers(-9, 99) | st.floats(-9, 9).map(lambda x: round(x, 3)) | st.just(5.0)
VALUES = st.one_of(
    TEXTS,
    NUMBERS,
    st.booleans(),
    st.none(),
    st.lists(TEXTS | NUMBERS, max_size=2),
    st.just({"a": 1}),
    st.sampled_from(
        ["median", "mean", "ordinal", "onehot", "TRUE", "No", "true", ["month", "day"]]
    ),
    st.sampled_from(["day-month-year", "20261124", "2026/11/24 08:30", ["year", "second"], [[]]]),
)
NAMES = st.sampled_from(["b", "c", "1", 7, True])
COLUMNS = st.builds(
    lambda name, kind, keys: {"name": name, "kind": kind, **keys},
    NAMES,
    st.sampled_from([*KEYS, "text"]),
    st.dictionaries(st.sampled_from(["impute", *RULES, "colour"]), VALUES, max_size=2),
)


@st.composite
def columns_that_fit(draw: st.DrawFn) -> dict[str, Any]:
    """A column that has no key but those of its kind."""
    kind = draw(st.sampled_from(list(KEYS)))
    keys = st.sampled_from(KEYS[kind] or ("colour",))
    return {"name": "b", "kind": kind, **draw(st.dictionaries(keys, VALUES, max_size=2))}


TARGETS = st.one_of(
    st.just("y"), VALUES, st.fixed_dictionaries({"name": TEXTS}, optional={"missing": VALUES})
)
SCHEMAS = st.fixed_dictionaries(
    {"target": TARGETS, "columns": st.lists(columns_that_fit() | COLUMNS, min_size=1, max_size=1)},
    optional={
        "task": st.sampled_from(["binary", "multiclass", "ranking"]),
        "split": st.sampled_from(["random", "stratified", {"group": "g"}, {"time": 7}, "group"]),
        "missing_target": st.sampled_from(["refuse", "drop", "keep", True]),
        "colour": TEXTS,
    },
)
KEPT = {"name": "z", "kind": "numeric"}  # so that one is not dropped
BEYOND_JSON_SCHEMA = (
    "must be at most its max",
    "must name each column once",
    "not be one of the",
    "split by time",
)


@settings(max_examples=1500, deadline=None)
@given(SCHEMAS)
@example({"target": {"name": "y", "missing": [""]}, "columns": [{"name": 1, "kind": "boolean"}]})
@example({"columns": []})
@example({"target": "y", "columns": "all"})
@example({"target": "y", "columns": [{"name": "b", "kind": "categorical", "values": []}]})
@example({"target": "y", "columns": [{"name": "b", "kind": "numeric", "indicator": "true"}]})
def test_the_reader_and_the_json_schema_agree(content: dict[str, Any]) -> None:
    if isinstance(content.get("columns"), list) and content["columns"]:
        content = {**content, "columns": [*content["columns"], KEPT]}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "schema.yaml")
        path.write_text(json.dumps(content), encoding="utf-8")  # which is YAML
        try:
            parse_schema(read_schema(path))
            complaint = ""
        except InputError as error:
            complaint = str(error)
    lines = complaint.split("\n") if complaint else []
    told = [line for line in lines if not any(part in line for part in BEYOND_JSON_SCHEMA)]
    assert is_valid(content, json_schema()) == (not told), complaint


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_has_a_rule(kind: str) -> None:
    assert kind == "drop" or kind in IMPUTES
    assert set(KEYS[kind]) <= {"impute", *RULES}


def test_what_is_published_is_what_the_code_says() -> None:
    published = Path(__file__).parents[3] / "docs" / "schema.json"
    assert published.read_text(encoding="utf-8") == as_text()

"""A schema is checked as a whole before any data is read."""

import pytest

from trainer.errors import InputError
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.rules import KEYS
from vertex_tabular.schema.schema import Column

AGE = {"name": "Age", "kind": "numeric"}


def test_names_what_is_read() -> None:
    schema = parse_schema({"target": "y", "columns": [AGE, {"name": "b", "kind": "categorical"}]})
    assert schema.task == "binary"
    assert schema.columns == (Column("Age", "numeric"), Column("b", "categorical"))
    assert schema.names == ("Age", "b", "y")
    assert schema.numeric == {"Age"}


def test_a_regression_target_is_a_number() -> None:
    schema = parse_schema({"target": "y", "task": "regression", "columns": [AGE]})
    assert schema.numeric == {"Age", "y"}


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (
            {"columns": {"Age": {"kind": "numeric"}}, "tsk": "binary"},
            [
                "the schema must have target, got columns, tsk",
                "the schema may have target, columns, task, split, missing_target, got 'tsk'",
                "columns must be a list such as [{name: Age, kind: numeric}], got dict",
            ],
        ),
        (
            {"target": "y", "task": "ranking", "columns": [], "missing_target": "keep"},
            [
                "task must be one of binary, multiclass, regression, got 'ranking'",
                "columns must be a list such as [{name: Age, kind: numeric}], got list",
                "missing_target must be refuse or drop, got 'keep'",
            ],
        ),
        (
            {"target": "Age", "columns": [AGE, {"name": "Age", "kind": "number"}, "Fare", {}]},
            [
                f"kind of Age must be one of {', '.join(KEYS)}, got 'number'",
                "a column must be a mapping with name and kind, got 'Fare'",
            ],
        ),
    ],
)
def test_bad_schema(content: dict[str, object], problems: list[str]) -> None:
    with pytest.raises(InputError) as error:
        parse_schema(content)
    assert str(error.value).split("\n")[: len(problems)] == problems


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ({"kind": "numeric", "impute": "mode"}, "impute of a must be median, mean or a number"),
        ({"kind": "boolean", "impute": "perhaps"}, "impute of a must be true or false"),
        ({"kind": "datetime", "impute": "2026"}, "impute of a must be a date such as 2026-11-23"),
        ({"kind": "datetime", "parts": ["minute"]}, "parts of a must be a list of year, month"),
        ({"kind": "categorical", "encoding": "hash"}, "encoding of a must be ordinal or onehot"),
        (
            {"kind": "categorical", "min_frequency": 1.5},
            "min_frequency of a must be a whole number",
        ),
        ({"kind": "categorical", "values": "x"}, "values of a must be a list of categories"),
        ({"kind": "numeric", "min": "0"}, "min of a must be a number, got '0'"),
        ({"kind": "numeric", "min": 1, "max": 0}, "min of a must be at most its max, got 1 a"),
        ({"kind": "numeric", "values": ["x"]}, "numeric column a may have name, kind, impute, min"),
        ({"kind": "drop"}, "columns must have one that is not dropped, got none"),
    ],
)
def test_bad_column(column: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError) as error:
        parse_schema({"target": "y", "columns": [{"name": "a", **column}]})
    assert str(error.value).startswith(problem)


def test_numbers_that_yaml_and_kfp_make_of_text() -> None:
    columns = [
        {"name": "a", "kind": "categorical", "values": [1, 2], "min_frequency": 5.0, "impute": 1},
        {"name": "b", "kind": "boolean", "impute": True},
        {"name": "c", "kind": "drop"},
    ]
    first, second = parse_schema({"target": "y", "columns": columns}).columns
    assert (first.values, first.min_frequency, first.impute) == (("1", "2"), 5, "1")
    assert second.impute == "True"

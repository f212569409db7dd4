"""A proposed schema is one that can be used as it is."""

from pathlib import Path

import pytest
import yaml

from trainer.errors import InputError
from trainer.inference import infer
from trainer.preparation import prepare

HEADER = 'id,n,few,word,flag,when,name,"odd: ""name""",nothing,Survived\n'


def write(path: Path) -> Path:
    lines = [
        f"{i},{'' if i % 4 == 0 else i * 0.5},{i % 3},{'abc'[i % 3]},{['yes', 'no'][i % 2]},"
        f'2026-01-{i % 28 + 1:02},"Doe, {i}",x{i % 2},,{i % 2}\n'
        for i in range(40)
    ]
    path.write_text(HEADER + "".join(lines))
    return path


def test_the_kind_of_each_column_and_why(tmp_path: Path) -> None:
    assert infer(str(write(tmp_path / "t.csv"))).splitlines() == [
        'target: "Survived"  # a guess',
        "task: binary  # its values are 0, 1",
        "columns:",
        '  - {name: "id", kind: drop}  # it numbers the rows; 0 of 40 missing',
        '  - {name: "n", kind: numeric}  # 30 different numbers; 10 of 40 missing',
        '  - {name: "few", kind: numeric}  # 3 different numbers; 0 of 40 missing',
        '  - {name: "word", kind: categorical}  # 3 different texts; 0 of 40 missing',
        '  - {name: "flag", kind: boolean}  # its values are no, yes; 0 of 40 missing',
        '  - {name: "when", kind: datetime}  # 28 different dates; 0 of 40 missing',
        '  - {name: "name", kind: drop}  # too many different texts: 40 in 40; 0 of 40 missing',
        '  - {name: "odd: \\"name\\"", kind: categorical}  # 2 different texts; 0 of 40 missing',
        '  - {name: "nothing", kind: drop}  # it has no values; 40 of 40 missing',
    ]


def test_it_can_be_used_as_it_is(tmp_path: Path) -> None:
    csv = str(write(tmp_path / "t.csv"))
    schema = yaml.safe_load(infer(csv))
    assert prepare(csv, schema, str(tmp_path), max_unseen=1).train["features"] == 9


@pytest.mark.parametrize(
    ("target", "values", "task"),
    [
        ("price", ["1.5", "2.5", "3"], "regression"),
        ("price", [str(i) for i in range(30)], "regression"),
        ("grade", ["1", "2", "3"], "multiclass"),
        ("port", ["S", "C", "Q"], "multiclass"),
        ("port", ["S", "C"], "binary"),
    ],
)
def test_the_task(target: str, values: list[str], task: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(f"{target},other\n" + "".join(f"{value},1\n" for value in values))
    first, second = infer(str(csv), target).splitlines()[:2]
    assert first == f'target: "{target}"  # as asked for'
    assert second.startswith(f"task: {task}  # ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "a table must have a header, however: t.csv is empty"),
        ("a,b\n", "a table must have rows, however: t.csv has none"),
        ("a,a\n1,2\n", "column a must be there once, however: 2 times"),
        ("a,b\n1,2\n", "the target must be a column, however: z; there are a, b"),
    ],
)
def test_nothing_to_propose(content: str, problem: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(content)
    with pytest.raises(InputError) as error:
        infer(str(csv), "z")
    assert str(error.value).replace(f"{tmp_path}/", "").split("\n")[0] == problem

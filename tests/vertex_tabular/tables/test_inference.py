"""A proposed schema is one that can be used as it is."""

import csv as csv_module
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.errors import InputError
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables.inference import infer

UTF_8 = "save the file as UTF-8"
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


NEITHER = "is neither a number nor a date"


@pytest.mark.parametrize(
    ("name", "values", "proposed"),
    [
        ("PassengerId", ["892", "7", "41"], "drop}  # it is called an id; 0 of 3 missing"),
        ("customer_id", ["7", "41", "7"], "drop}  # it is called an id; 0 of 3 missing"),
        ("order id", ["7", "", "8"], "drop}  # it is called an id; 1 of 3 missing"),
        ("userID", ["7", "7", "8"], "drop}  # it is called an id; 0 of 3 missing"),
        ("paid", ["7", "41", "7"], "numeric}  # 2 different numbers; 0 of 3 missing"),
        ("COVID", ["7", "41", "7"], "numeric}  # 2 different numbers; 0 of 3 missing"),
        ("user_id", ["0.5", "41", "7"], "numeric}  # 3 different numbers; 0 of 3 missing"),
        ("", ["7", "41", "7"], "drop}  # its header is empty; 0 of 3 missing"),
        ("n", ["+1", "NAN", " -nan"], "numeric}  # 1 different numbers; 2 of 3 missing"),
        (
            "n",
            ["1,000", "2", "3"],
            f'categorical}}  # 3 different texts; "1,000" {NEITHER}; 0 of 3',
        ),
        ("d", ["2026-01-01T08:30:00.5"] * 3, "datetime}  # 1 different dates; 0 of 3 missing"),
        (
            "d",
            ["2026-01-01", "1/2/2026", "2026-01-01 08:30:00Z"],
            f'categorical}}  # 3 different texts; "1/2/2026" {NEITHER}; 0 of 3 missing',
        ),
        ("c", ["A-1", "B-2", "7"], "categorical}  # 3 different texts; 0 of 3 missing"),
    ],
)
def test_a_column(name: str, values: list[str], proposed: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(f"{name},y\n" + "".join(f'"{value}",{i}\n' for i, value in enumerate(values)))
    assert (
        infer(str(csv), "y").splitlines()[3].startswith(f'  - {{name: "{name}", kind: {proposed}')
    )


def test_rows_without_a_target_are_told(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("a,y\n" + "1,0\n2,1\n3,\n" * 10)
    proposed = infer(str(csv))
    asked = "# missing_target: drop  # 10 of 30 rows have no target: this leaves them out"
    assert proposed.splitlines()[2] == asked
    assert "missing_target" not in yaml.safe_load(proposed)
    content = yaml.safe_load(proposed.replace("# missing_target", "missing_target"))
    assert prepare(str(csv), content, str(tmp_path)).train["rows"] == 16


@settings(max_examples=200)
@given(
    header=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        min_size=2,
        unique=True,
    ),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
def test_any_names_and_texts_give_a_schema(header: list[str], text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "t.csv")
        with open(path, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv_module.writer(file, quoting=csv_module.QUOTE_ALL)
            writer.writerows([header, [text] * len(header), ["x"] * len(header)])
        content = yaml.safe_load(infer(str(path)))
    columns = content["columns"]
    assert {content["target"], *(column["name"] for column in columns)} == set(header)
    if any(column["kind"] != "drop" for column in columns):
        parse_schema(content)


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
        ("", "t.csv must have a header, got none"),
        ("a,b\n", "t.csv must have rows, got none"),
        ("a,a\n1,2\n", "column a must be there once, got 2 times; rename all but one"),
        ("a,b\n1,2\n", "column z must be there, got a, b"),
        ("a, Z\n1,2\n", "column z must be there, got a, ' Z'; is it ' Z'?"),
        ("z,b\n1,\udce9\n", f"b must be UTF-8, got '\\xe9' (line 2); {UTF_8}"),
        ("\udce9,z\n1,2\n", f"a name must be UTF-8, got '\\xe9'; {UTF_8}"),
        ("z\n1\n", "t.csv must have at least two columns, got one"),
    ],
)
def test_nothing_to_propose(content: str, problem: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(content, errors="surrogateescape")
    with pytest.raises(InputError) as error:
        infer(str(csv), "z")
    assert str(error.value).replace(f"{tmp_path}/", "").split("\n")[0] == problem

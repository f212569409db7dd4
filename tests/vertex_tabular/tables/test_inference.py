"""A proposed schema is one that can be used as it is."""

import csv as csv_module
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.errors import InputError
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.tables import inference
from vertex_tabular.tables.inference import infer, infer_schema

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
    assert infer(str(write(tmp_path / "t.csv"))).schema.splitlines() == [
        'target: "Survived"  # a guess: the last column',
        "task: binary  # its values are 0, 1",
        "columns:",
        '  - {name: "id", kind: drop}  # it numbers the rows; 0 of 40 missing',
        '  - {name: "n", kind: numeric, indicator: true}  # 30 different numbers; 10 of 40 missing',
        '  - {name: "few", kind: numeric}  # 3 different numbers; 0 of 40 missing',
        '  - {name: "word", kind: categorical}  # 3 different texts; 0 of 40 missing',
        '  - {name: "flag", kind: boolean}  # its values are no, yes; 0 of 40 missing',
        '  - {name: "when", kind: datetime}  # 28 different dates; 0 of 40 missing',
        '  - {name: "name", kind: drop}  # too many different texts: 40 in 40; 0 of 40 missing',
        '  - {name: "odd: \\"name\\"", kind: categorical}  # 2 different texts; 0 of 40 missing',
        '  - {name: "nothing", kind: drop}  # it has no values; 40 of 40 missing',
    ]


INDICATOR = "indicator: true"
UNIQUE = "it has a different whole number in each row, as an id has"
UNTOLD = (
    'drop}  # its dates, as "01/02/2026", may begin with the day or the month; '
    "say `kind: datetime, order: day-month-year` or `order: month-day-year`"
)
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
        (
            "n",
            ["+1", "NAN", " -nan"],
            f"numeric, {INDICATOR}}}  # 1 different numbers; 2 of 3 missing",
        ),
        (
            "n",
            ["1,000", "2", "3"],
            f'categorical}}  # 3 different texts; "1,000" {NEITHER}; 0 of 3',
        ),
        ("c", ["A-1", "B-2", "7"], "categorical}  # 3 different texts; 0 of 3 missing"),
        ("c", list("abcde"), "drop}  # too many different texts: 5 in 5; 0 of 5 missing"),
        ("c", list("abcdd"), "categorical, min_frequency: 2}  # 4 different texts; 0 of 5"),
        ("c", ["a", *"b" * 39], "categorical}  # 2 different texts; 0 of 40 missing"),
        ("c", ["a", *"b" * 38], "categorical, min_frequency: 2}  # 2 different texts; 0 of 39"),
        ("n", ["29.5", " ", "30"], "numeric}  # 2 different numbers; 1 of 3 missing"),
        ("n", ["7", "7", "7"], 'drop}  # it is always "7"; 0 of 3 missing'),
        ("n", ["7", "7", ""], f"numeric, {INDICATOR}}}  # 1 different numbers; 1 of 3 missing"),
        ("Unnamed: 0", ["7", "41", "7"], "drop}  # it is the index that pandas wrote; 0 of 3"),
        ("__index_level_0__", ["7", "3", "7"], "drop}  # it is the index that pandas wrote; 0"),
        ("key", [str(900 - i * i) for i in range(25)], f"drop}}  # {UNIQUE}; 0 of 25 missing"),
        ("Phone No", [str(900 - i * i) for i in range(25)], f"drop}}  # {UNIQUE}; 0 of 25"),
        ("k", [str(i * i) for i in range(500)], f"drop}}  # {UNIQUE}; 0 of 500 missing"),
        ("k", [str(i * i) for i in range(499)], "numeric}  # a different whole number in each"),
        ("k", [str(i + 1) for i in range(3)], "numeric}  # it numbers the rows, but nothing else"),
        ("year", [str(i + 1960) for i in range(40)], "numeric}  # a different whole number in"),
        ("k", [str(2**54 + i * i) for i in range(25)], f"drop}}  # {UNIQUE}; "),
        ("k", [f"{i:03}" for i in range(25)], f"drop}}  # {UNIQUE}; 0 of 25 missing"),
        ("k", [f"{i - 9}.5" for i in range(25)], "numeric}  # 25 different numbers; 0 of 25"),
        ("k", [str(i * i - 9) for i in range(25)], "numeric}  # 25 different numbers; 0 of 25"),
        ("store_id", ["7", "41", "3"] * 9, "categorical}  # 3 different ids; 0 of 27 missing"),
        ("zip", ["01730", "06520", "10001"] * 9, "categorical}  # 3 different texts; 0 of 27"),
        (
            "zip",
            [f"{i:05}" for i in range(40)] * 2,
            "categorical, min_frequency: 5}  # many different texts: 40 in 80; 0 of 80 missing",
        ),
        ("d", [f"2026-01-{i:02}T00:00:00Z" for i in (1, 2)], "datetime}  # 2 different dates; 0"),
        ("d", ["2026-01-01", "", " ", "2026-02-01"], "datetime}  # 2 different dates; 2 of 4"),
        ("d", ["20120102", "20120103", "19991231"], "datetime}  # 3 different dates; 0 of 3"),
        ("d", ["00010101", "20120103"], "categorical}  # 2 different texts; 0 of 2"),
        (
            "d",
            ["1/2/2026", "13/2/2026"],
            "datetime, order: day-month-year}  # 2 different dates, which begin with the day; 0 of",
        ),
        (
            "d",
            ["01/02/2026 08:30", "02/13/2026 09:00"],
            "datetime, order: month-day-year}  # 2 different dates, which begin with the month; 0",
        ),
        (
            "d",
            ["01/02/2026", "02/03/2026"],
            f"{UNTOLD}; 0 of 2",
        ),
        (
            "d",
            ["13/02/2026", "02/13/2026", "soon"],
            f'categorical}}  # 3 different texts; "soon" {NEITHER}; 0 of 3',
        ),
        (
            "v",
            [*(f"{i}.5" for i in range(30)), "inf"],
            'drop}  # too many different texts: 31 in 31; "inf" is not finite; 0 of 31',
        ),
        (
            "t",
            ["A"] * 3 + ["B"] * 2 + [""] * 6,
            'categorical, impute: "(missing)"}  # 2 different texts; 6 of 11 missing',
        ),
    ],
)
def test_a_column(name: str, values: list[str], proposed: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(f"{name},y\n" + "".join(f'"{value}",{i}\n' for i, value in enumerate(values)))
    assert (
        infer(str(csv), "y")
        .schema.splitlines()[3]
        .startswith(f'  - {{name: "{name}", kind: {proposed}')
    )


def test_what_is_left_out_or_decided_is_noted(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    lines = [
        f"{i},{i % 7}.5,{i % 28 + 1}/{i % 12 + 1}/2026,x,{'' if i % 3 else 'z'},A{i},{i % 2}\n"
        for i in range(60)
    ]
    csv.write_text("Unnamed: 0,n,day,\x1b[2J,t,name,y\n" + "".join(lines))
    assert infer(str(csv), "y").notes == [
        "Unnamed: 0 is left out: it is the index that pandas wrote",
        "day is datetime (order: day-month-year): 60 different dates, which begin with the day",
        "'\\x1b[2J' is left out: it is always \"x\"",
        't is categorical (impute: "(missing)"): 1 different texts',
        "name is left out: too many different texts: 60 in 60",
    ]


def test_what_only_the_first_rows_say_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("a,y\n" + "1.5,0\n2.5,1\n" * 20)
    assert infer(str(csv), "y").notes == []
    monkeypatch.setattr(inference, "SAMPLE", 30)
    assert infer(str(csv), "y").notes == ["only the first 30 rows were looked at"]


def test_where_all_would_be_dropped_numbers_are_kept(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("n,name,y\n" + "".join(f"{i},A{i},{i % 2}\n" for i in range(30)))
    proposed = infer(str(csv), "y")
    assert proposed.notes == [
        "n is numeric: it numbers the rows, but nothing else is left",
        "name is left out: too many different texts: 30 in 30",
    ]
    content = yaml.safe_load(proposed.schema)
    assert prepare(str(csv), content, str(tmp_path)).train["features"] == 1


def test_words_for_missing_may_be_a_class(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("a,y\n" + "1,None\n2,Mild\n3,Severe\n" * 10)
    proposed = infer(str(csv), "y").schema
    asked = (
        '# target: {name: "y", missing: [""]}  # or: "None" as a class; see that the task is right'
    )
    assert proposed.splitlines()[3] == asked
    content = yaml.safe_load(asked[2:])
    content |= {"task": "multiclass", "columns": [{"name": "a", "kind": "numeric"}]}
    assert prepare(str(csv), content, str(tmp_path)).spec["classes"] == ["Mild", "None", "Severe"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_proposed_is_read(suffix: str, tmp_path: Path) -> None:
    rows = range(60)
    frame = pd.DataFrame(
        {
            "blank": ["" if i == 7 else " " if i == 8 else f"{i}.25" for i in rows],
            "zone": [f"2012-01-{i % 28 + 1:02}T00:00:00+01:00" for i in rows],
            "day first": [f"{i % 28 + 1:02}/{i % 12 + 1:02}/2012" for i in rows],
            "compact": [f"201201{i % 28 + 1:02}" for i in rows],
            "took": [pd.Timedelta(seconds=i % 7) for i in rows] if suffix == "parquet" else 0.5,
            "sparse": [f"{i}.5" if i % 3 == 0 else "" for i in rows],
            "rare": ["x" if i % 5 == 0 else None for i in rows],
            "y": [i % 2 for i in rows],
        }
    )
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    schema = infer_schema(path, "y")
    kinds = {column["name"]: column["kind"] for column in schema["columns"]}
    took = {"csv": "drop", "parquet": "numeric"}[suffix]
    assert kinds == {
        "blank": "numeric", "zone": "datetime", "day first": "datetime", "compact": "datetime",
        "took": took, "sparse": "numeric", "rare": "categorical",
    }  # fmt: skip
    prepared = prepare(str(path), schema, str(tmp_path), max_unseen=1, dtype="float64")
    spec = {feature["name"]: feature for feature in prepared.spec["columns"]}
    assert spec["sparse"]["outputs"] == ["sparse", "sparse=(missing)"]
    assert spec["rare"]["categories"] == ["(missing)", "x"]
    assert spec["zone"]["fill"][:7] == spec["day first"]["fill"][:4] + "-01"
    with np.load(tmp_path / "train_data.npz") as arrays:
        indicator = arrays["X_train"][:, prepared.spec["features"].index("sparse=(missing)")]
    assert set(indicator.tolist()) == {0.0, 1.0}


def test_rows_without_a_target_are_left_out_and_told(tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("a,y\n" + "1,0\n2,1\n3,\n" * 10)
    proposed = infer(str(csv))
    assert proposed.schema.splitlines()[2] == "missing_target: drop  # 10 of 30 rows have no target"
    assert proposed.notes[0] == "10 of 30 rows have no target (y) and are left out"
    content = yaml.safe_load(proposed.schema)
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
        content = yaml.safe_load(infer(str(path)).schema)
    columns = content["columns"]
    assert {content["target"], *(column["name"] for column in columns)} == set(header)
    if any(column["kind"] != "drop" for column in columns):
        parse_schema(content)


def test_it_can_be_used_as_it_is(tmp_path: Path) -> None:
    csv = str(write(tmp_path / "t.csv"))
    schema = yaml.safe_load(infer(csv).schema)
    assert prepare(csv, schema, str(tmp_path), max_unseen=1).train["features"] == 10


@pytest.mark.parametrize(
    ("target", "values", "task"),
    [
        ("price", ["1.5", "2.5", "3"], "regression"),
        ("price", [str(i) for i in range(30)], "regression"),
        ("grade", ["1", "2", "3"] * 5, "multiclass"),
        ("energy", ["30633", "62049", "45132"] * 4, "regression"),
        ("grade", ["7", "07", "8"], "multiclass"),
        ("grade", [f"{i:03}" for i in range(30)], "multiclass"),
        ("version", ["2.1", "2.10", "2.21"], "multiclass"),
        ("port", ["S", "C", "Q"], "multiclass"),
        ("port", ["S", "C"], "binary"),
    ],
)
def test_the_task(target: str, values: list[str], task: str, tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text(f"{target},other\n" + "".join(f"{value},1\n" for value in values))
    first, second = infer(str(csv), target).schema.splitlines()[:2]
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


@pytest.mark.parametrize(
    ("file", "header", "target", "why"),
    [
        ("churn.csv", "y,Churn,z", "Churn", "a guess: the table is called so"),
        ("telco_churn.csv", "telco,churn,z", "churn", "a guess: the table is called so"),
        ("t.csv", "outcome,class,y,label,Target,z", "Target", "a guess by its name"),
        ("t.csv", "outcome,class,z", "class", "a guess by its name"),
        ("t.csv", "flag,size", "size", "a guess: the last column"),
    ],
)
def test_which_column_is_most_likely_meant(
    tmp_path: Path, file: str, header: str, target: str, why: str
) -> None:
    width = header.count(",")
    rows = "".join(f"{n % 2}{f',{n}' * width}\n" for n in range(8))
    (tmp_path / file).write_text(f"{header}\n{rows}")
    found = infer(str(tmp_path / file))
    assert found.schema.startswith(f'target: "{target}"  # {why}\n')
    assert found.head.startswith(f"{target} is predicted (") and why in found.head
    assert list(found.columns) == header.split(",")

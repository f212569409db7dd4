"""The profile page: whole, escaped, with alerts by kind, and a link once its run has a report."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from trainer import contract
from vertex_tabular.features.profile import profile_of
from vertex_tabular.pages.columns import columns_table, summaries_of
from vertex_tabular.pages.profile import complete_profile, profile_page
from vertex_tabular.tables.table import Categorical, Table

LONG = "x" * 60 + "<end>"


def profile(**more: Any) -> dict[str, Any]:
    numbers = {"age": np.array([1.0, np.nan, 4.0, 2.5]), "whole": np.arange(4.0)}
    texts = {
        LONG: Categorical(np.array([0, 1, 1, -1]), ["S & <C>", "b"]),
        "none": Categorical(np.full(4, -1), []),
        "key": Categorical(np.arange(4), list("dacb")),
    }
    return {**profile_of(Table(4, numbers, texts)), **more}


class Reader(HTMLParser):
    """The texts of the cells of each row, without what folds them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


def test_the_page_says_what_each_column_holds() -> None:
    page = profile_page(profile(source="gs://bucket/some/houses.csv", target="price"))
    rows = {row[0]: row[1:] for row in Reader(page).rows}
    assert rows["age"] == ["number", "3", "", "1.00", "1.75", "2.50", "3.25", "4.00", "25.0\u00a0%"]
    assert rows["whole"][3:5] == ["0.00", "0.75"]
    short = "x" * 20 + "…" + "x" * 14 + "<end>"
    assert rows[short][3:] == ["b 66.7\u00a0%, S & <C> 33.3\u00a0%", "25.0\u00a0%"]
    assert rows["none"][3:] == ["no value at all", "100.0\u00a0%"]
    assert f'title="{"x" * 60}&lt;end&gt;"' in page
    assert "<h1><span>houses.csv</span></h1>" in page and "target price" in page
    assert "Nothing in the columns stands out." in page
    assert not re.findall(r"""href=["']?http|src=|url\(|@import|<link rel="style""", page)


def test_alerts_are_listed_by_kind_the_gravest_first() -> None:
    alerts = [
        {"kind": "missing", "columns": ["age"], "text": "has no value in 90 % of the rows"},
        *({"kind": "id", "columns": [f"<k{i}>"], "text": "is an id"} for i in range(7)),
        {"kind": "duplicate", "columns": ["a", "b"], "text": "has the same values as"},
        {"kind": "leak", "columns": ["a"], "text": "alone predicts the target"},
    ]
    page = profile_page(profile(alerts=alerts))
    assert re.findall("<h3>([^<]*)</h3>", page) == [
        "Predicts the target alone",
        "Duplicate",
        "Identifier",
        "Mostly missing",
    ]
    assert "<b><span>a</span></b> has the same values as <b><span>b</span></b>" in page
    assert "<summary>2 more</summary>" in page and "&lt;k6&gt;" in page
    assert "10 alerts before a model is trusted. Predicts the target alone: 1;" in page


def test_many_columns_are_folded() -> None:
    table = Table(2, {f"c{i}": np.array([1.0, 2.0]) for i in range(30)}, {})
    summaries = summaries_of(profile_of(table))
    shown, folded = columns_table(summaries, "about", 20).split("<details>")
    assert shown.count("<tr") == 21 and folded.count("<tr") == 11
    assert "<details>" not in columns_table(summaries, "about", 30)


def test_texts_that_all_differ_are_said_by_their_ends() -> None:
    texts = Categorical(np.arange(9), [f"2020-01-0{9 - i}" for i in range(9)])
    (summary,) = summaries_of(profile_of(Table(9, {}, {"day": texts})))
    assert summary.span == ("2020-01-01", "2020-01-09")


def test_a_page_with_links_leaves_the_page_that_was_made_as_it_is(tmp_path: Path) -> None:
    content = profile(source="a & b.csv")
    (tmp_path / contract.PROFILE).write_text(json.dumps(content))
    made, page = tmp_path / "profile.html", tmp_path / "linked.html"
    made.write_text(profile_page(content))
    before = made.read_text()
    complete_profile(made, page, {"Report": "collect/report.html"})
    assert '<a href="collect/report.html">Report</a>' in page.read_text()
    assert page.read_text().count("<nav") == before.count("<nav") + 1
    assert made.read_text() == before

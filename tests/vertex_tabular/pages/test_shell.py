"""The shell of every page: its navigation, its links, and the parts that are replaced later."""

from dataclasses import replace
from pathlib import Path

from vertex_tabular.pages import shell
from vertex_tabular.pages.shell import Page, Section

PAGE = Page(
    kind="Report",
    heading="Predicting <b>",
    lead="a < b",
    about="run 7",
    tally=["5 rows"],
    sections=[Section("one", "One & only", "<p>1</p>"), Section("none", "None", " \n")],
    source="a&b.csv",
)


def test_texts_are_escaped_and_empty_sections_left_out() -> None:
    text = shell.render(PAGE)
    assert "Predicting &lt;b&gt;" in text and "a &lt; b" in text and "From a&amp;b.csv." in text
    assert "<li><b>5</b> rows</li>" in text
    assert '<section id="one"' in text and "None" not in text
    assert 'aria-label="Sections"' not in text, "one section needs no navigation"
    more = replace(PAGE, sections=[*PAGE.sections, Section("two", "Two", "2")])
    assert '<a href="#one">One &amp; only</a>\n<a href="#two">Two</a>' in shell.render(more)


def test_parts_are_replaced_as_if_the_page_had_been_written_with_them() -> None:
    other = replace(PAGE, about="run 8", source="", links={"Profile": "p.html"})
    text = shell.render(PAGE)
    for part in (shell.title(other), shell.top(other), shell.footer(other)):
        text = shell.replace_part(text, part)
    assert text == shell.render(other)
    assert shell.replace_part("a page of an older version", shell.top(other)) == (
        "a page of an older version"
    )


def test_links_are_relative_and_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "run" / "long name" / "collect").mkdir(parents=True)
    (tmp_path / "run" / "collect").symlink_to(tmp_path / "run" / "long name" / "collect")
    start = tmp_path / "run" / "collect" / "report.html"
    assert shell.link_to(tmp_path / "run" / "pre" / "a b.html", start) == "../pre/a%20b.html"

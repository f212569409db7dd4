"""A whole page: head, header with links to other pages and sections, sections, footer.

The parts between marks are found again by `replace_part`, because the name of a run and what stands
beside its page are known only when all of its steps have ended.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.pages.columns import named

HEADING = 64  # characters
HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
NO_REQUESTS = "This page makes no network requests."


@dataclass(frozen=True)
class Section:
    """One section: its anchor, its heading, also in the navigation, and its HTML."""

    id: str
    title: str
    html: str


@dataclass(frozen=True)
class Page:
    """What a page shows; texts are escaped, `html` and `scripts` are taken as they are.

    Attributes:
        kind: Report, Profile, Comparison, Evaluation or Drift.
        about: what of, after the kind in the line above the heading.
        heading: of the page.
        lead: its message in a sentence or two.
        tally: numbers, each with what it counts, "712 training rows"; the first word stands out.
        sections: those without content are left out.
        links: other pages by what they are called, as `link_to` gives them.
        source: of the data; empty if it is not known.
        scripts: JavaScript beside that of every page.
    """

    kind: str
    heading: str
    lead: str
    sections: Sequence[Section]
    about: str = ""
    tally: Sequence[str] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    scripts: str = ""


def link_to(page: str | Path, start: str | Path) -> str:
    """The relative URL of a page on this machine, from the page at `start`; both are moved
    together. Not resolved: a run's own directory has links to the outputs of its steps."""
    path = os.path.relpath(os.path.abspath(page), os.path.dirname(os.path.abspath(start)))
    return quote(Path(path).as_posix())


def render(page: Page) -> str:
    """The page as one text, which needs no network."""
    shown = [section for section in page.sections if section.html.strip()]
    anchors = "".join(f'<a href="#{s.id}">{escape(s.title)}</a>\n' for s in shown)
    navigation = f'<nav aria-label="Sections">\n{anchors}</nav>\n' if len(shown) > 1 else ""
    body = "\n".join(
        f'<section id="{s.id}" aria-labelledby="h-{s.id}">\n'
        f'<h2 id="h-{s.id}" tabindex="-1">{escape(s.title)}</h2>\n{s.html.strip()}\n</section>'
        for s in shown
    )
    counts = (text.partition(" ") for text in page.tally)
    tally = "".join(f"<li><b>{escape(n)}</b> {escape(what)}</li>" for n, _, what in counts)
    script = f"{_file('page.js')}{page.scripts}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="icon" href="data:,">
{title(page)}
<style>
{_file("page.css")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
{top(page)}
<h1>{named(page.heading, HEADING)}</h1>
<p class="lead">{escape(page.lead)}</p>
{f'<ul class="tally">{tally}</ul>' if tally else ""}
</header>
{navigation}<main id="main" tabindex="-1">
{body}
</main>
{footer(page)}
<script>
{script}</script>
</body>
</html>
"""


def write(page: Page, out: str | Path) -> None:
    """Writes the page to a path or gs:// URI.

    Raises:
        TabularError: it cannot be written.
    """
    with contract.atomic_write(local_path(str(out))) as file:
        file.write(render(page).encode())


def title(page: Page) -> str:
    """The title of the window."""
    said = " · ".join(part for part in (page.heading, page.kind, page.about) if part)
    return marked("title", f"<title>{escape(said)}</title>")


def top(page: Page) -> str:
    """The line above the heading: which page this is, and links to the pages beside it."""
    about = f" · {escape(page.about)}" if page.about else ""
    links = "".join(
        f'<a href="{escape(url)}">{escape(name)}</a>\n' for name, url in page.links.items()
    )
    nav = f'<nav class="pages" aria-label="Other pages">\n{links}</nav>' if links else ""
    said = f'<p class="kicker"><b>{escape(page.kind)}</b>{about}</p>'
    return marked("top", f'<div class="top">\n{said}\n{nav}</div>')


def footer(page: Page) -> str:
    """Where the data comes from."""
    source = f"From {escape(page.source)}. " if page.source else ""
    return marked("footer", f"<footer><p>{source}{NO_REQUESTS}</p></footer>")


def replace_part(text: str, part: str) -> str:
    """A page with one part as it is now, in the place of what stands between the same marks; the
    page itself if it has none, as one that another version wrote."""
    start, end = part.partition("\n")[0], part.rpartition("\n")[2]
    before, found, rest = text.partition(start)
    if not found or end not in rest:
        return text
    return before + part + rest.partition(end)[2]


def marked(name: str, html: str) -> str:
    """HTML between marks by which `replace_part` finds it."""
    return f"<!-- {name} -->\n{html}\n<!-- end of {name} -->"


def _file(name: str) -> str:
    return (HERE / name).read_text()

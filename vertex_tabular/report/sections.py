"""Sections of pages from their templates: each is a file in `templates/sections`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_tabular.pages import formatting
from vertex_tabular.pages.columns import named
from vertex_tabular.pages.shell import Section

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
FILTERS = ("decimal", "fixed", "percent", "plain", "seconds", "shortened", "together", "whole")


def sections_of(titles: Mapping[str, str], content: Mapping[str, Any]) -> list[Section]:
    """The sections of these names, each with its title, of this content."""
    return [Section(name, title, render_section(name, content)) for name, title in titles.items()]


def render_section(name: str, content: Mapping[str, Any]) -> str:
    """One section, as HTML; empty where it has nothing to show."""
    template = _environment().get_template(f"sections/{name}.html.j2")
    return template.render(content).strip()


@cache
def _environment() -> "jinja2.Environment":
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(formatting, name) for name in FILTERS}
    environment.filters["named"] = lambda *args: markupsafe.Markup(named(*args))
    return environment

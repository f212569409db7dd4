"""The profile page: what is in a table, and what to look at before a model of it is trusted."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from trainer import contract
from vertex_tabular.pages import shell
from vertex_tabular.pages.columns import columns_table, named, summaries_of
from vertex_tabular.pages.formatting import counted, shortened, whole
from vertex_tabular.pages.shell import Page, Section

FIRST = 100  # columns that are not folded
SHOWN = 5  # alerts of one kind; a table of 300 columns may have 300
# By kind, in the order in which they are shown.
KINDS = {
    "leak": "Predicts the target alone",
    "duplicate": "Duplicate",
    "id": "Identifier",
    "constant": "Constant",
    "missing": "Mostly missing",
}


def profile_page(profile: Mapping[str, Any]) -> str:
    """The page of a profile, as `features.profile` and `features.alerts` make it."""
    return shell.render(page_of(profile))


def complete_profile(made: Path, path: Path, links: Mapping[str, str]) -> None:
    """Writes at `path` the page that was made, with links to other pages, by what they are called.
    The page itself, beside its JSON, stays as it is: it may be the cached result of a step.

    Raises:
        TabularError: it cannot be written.
    """
    profile = json.loads((made.parent / contract.PROFILE).read_bytes())
    top = shell.top(replace(page_of(profile), links=links))
    text = shell.replace_part(made.read_text(), top)
    with contract.atomic_write(path) as file:
        file.write(text.encode())


def page_of(profile: Mapping[str, Any]) -> Page:
    """The page of a profile, whose `source` and `target` may be unknown."""
    columns = summaries_of(profile)
    source = str(profile.get("source", ""))
    alerts = profile.get("alerts", [])
    gaps = sum(bool(column.missing) for column in columns)
    return Page(
        kind="Profile",
        heading=PurePosixPath(source).name or "The table",
        about=f"target {shortened(profile['target'], 40)}" if "target" in profile else "",
        lead=_lead(alerts),
        tally=[
            counted(profile["rows"], "row"),
            f"{counted(len(columns), 'column')} read",
            f"{counted(gaps, 'column')} with missing values",
        ],
        sections=[
            Section("alerts", "Alerts", alerts_list(alerts)),
            Section("columns", "Columns", columns_section(profile, FIRST)),
        ],
        source=source,
    )


def columns_section(profile: Mapping[str, Any], first: int) -> str:
    """What each column of the table holds, as HTML; all but so many columns are folded."""
    sampled = ""
    if profile["sampled"] < profile["rows"]:
        sampled = (
            f" Distinct and frequent numbers, quartiles and distributions are of "
            f"{whole(profile['sampled'])} rows, evenly spaced."
        )
    about = f"The {whole(profile['rows'])} rows of the table.{sampled}"
    return (
        f'<p class="about" id="about-columns">{about}</p>\n'
        f"{columns_table(summaries_of(profile), 'about-columns', first)}"
    )


def alerts_list(alerts: Sequence[Mapping[str, Any]]) -> str:
    """The alerts by kind, as HTML; empty if there are none."""
    found = ""
    for kind, title in KINDS.items():
        mine = [_item(alert) for alert in alerts if alert["kind"] == kind]
        if not mine:
            continue
        more, rest = "", mine[SHOWN:]
        if rest:
            summary = f"<summary>{whole(len(rest))} more</summary>"
            more = f"<details>{summary}<ul>{''.join(rest)}</ul></details>"
        items = "".join(mine[:SHOWN])
        found += f'<div class="alert {kind}"><h3>{title}</h3><ul>{items}</ul>{more}</div>\n'
    return f'<div class="alerts">\n{found}</div>' if found else ""


def _item(alert: Mapping[str, Any]) -> str:
    name, *others = (f"<b>{named(column)}</b>" for column in alert["columns"])
    return f"<li>{' '.join([name, escape(alert['text']), *others])}</li>"


def _lead(alerts: Sequence[Mapping[str, Any]]) -> str:
    if not alerts:
        return "Nothing in the columns stands out."
    counts = Counter(alert["kind"] for alert in alerts)
    parts = [f"{title.lower()}: {counts[kind]}" for kind, title in KINDS.items() if counts[kind]]
    said = f"{whole(len(alerts))} {'alert' if len(alerts) == 1 else 'alerts'}"
    return f"{said} before a model is trusted. {'; '.join(parts).capitalize()}."

"""The pages of a run on this machine: the report and the profile lead to each other."""

import re
from pathlib import Path
from typing import Any

from tests.pipelines.conftest import Tabpipe

LINK = re.compile(r'<nav class="pages"[^>]*>\s*<a href="([^"]*)">([^<]*)</a>')


def link(page: Path) -> tuple[str, Path]:
    """The name and the file of the one other page that a page leads to."""
    ((href, name),) = LINK.findall(page.read_text())
    return name, Path(page.parent, href)


def test_the_report_and_the_profile_lead_to_each_other(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    report = finished[0] / "collect" / "report.html"
    name, profile = link(report)
    assert name == "Profile" and profile.samefile(finished[0] / "profile.html")
    name, back = link(profile)
    assert name == "Report" and back.samefile(report)
    assert "Missing" in report.read_text() and "Filled with" not in report.read_text()


def test_an_evaluation_leads_to_the_report_and_knows_the_training_table(
    finished: tuple[Path, dict[str, Any]], tabpipe: Tabpipe, tmp_path: Path
) -> None:
    run, table = finished[0], finished[1]["parameters"]["csv"]
    line = ["evaluate", run.name, table, "--root", str(run.parent)]
    tabpipe(*line, "--html", str(tmp_path / "page.html"))
    name, report = link(tmp_path / "page.html")
    assert name == "Report" and report.samefile(run / "collect" / "report.html")
    assert "This is the table that the model was trained on" in (tmp_path / "page.html").read_text()

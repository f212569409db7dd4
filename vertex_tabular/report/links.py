"""Links between the pages of runs on this machine; in the cloud a page has no address beside
others."""

from pathlib import Path

from trainer.uri import local_path
from vertex_tabular.pages.shell import link_to
from vertex_tabular.run.find import report_beside


def links_to_report(run_directory: str | Path, page: str) -> dict[str, str]:
    """From a page about a model to the report of the run that trained it; empty without one."""
    report = report_beside(run_directory)
    return {"Report": link_to(report, local_path(page))} if report else {}

"""The report as one HTML file: self-contained, with no network requests."""

from collections.abc import Iterable, Mapping
from typing import Any

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.pages import shell
from vertex_tabular.pages.formatting import SPACE, counted, seconds, whole
from vertex_tabular.pages.shell import Page
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report import data, groups, leaderboard, svg
from vertex_tabular.report.chart import Bars, Chart
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.report.epochs import (
    epochs_of,
    kept_epoch,
    what_rows_selected,
    why_it_ended,
)
from vertex_tabular.report.headline import headline
from vertex_tabular.report.job import Job
from vertex_tabular.report.leaderboard_table import table_of
from vertex_tabular.report.made import made_of
from vertex_tabular.report.plots import learning, plots_of, thresholds_of, validation_rows
from vertex_tabular.report.sections import TEMPLATES, render_section, sections_of
from vertex_tabular.run.directory import RunDirectory

# In the order of the page; each is a template of that name in `templates/sections`, which is given
# all of `context` and left out where it renders to nothing.
SECTIONS = {
    "metrics": "Metrics",
    "leaderboard": "Leaderboard",
    "training": "Training",
    "candidates": "What was tried",
    "predictions": "Predictions",
    "columns": "Columns",
    "data": "Data",
    "made": "How it was made",
}


def write_report(
    run: RunDirectory,
    out: str,
    *,
    train_data: str = "",
    val_data: str = "",
    table: Mapping[str, Any] | None = None,
    job: Job | None = None,
) -> str:
    """Writes the report of a finished run; returns what its first sentences say.

    Args:
        run: what training wrote.
        out: path or gs:// URI of the HTML file, at most 1 MB.
        train_data: npz of the training rows, for the baselines and the columns.
        val_data: npz of the validation rows, in the order of the run's predictions, for what
            depends on the columns: permutation importance and errors by group.
        table: the table's profile, as `features.profile.profile_of` gives it; without it the
            columns are of the training rows as the model saw them.
        job: what else is known of the run.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
        InputError: the arrays are not those of the run.
    """
    run.verify()
    job = job or Job()
    with one_thread():
        content = context(run, train_data, val_data, table or {}, job)
        page = page_of(run, job, content)
    shell.write(page, out)
    return page.lead


def complete_report(report: str, run: RunDirectory, job: Job) -> None:
    """Renders the parts of a written report again that depend on the job alone, because its name,
    steps and times are known only when all steps have ended. The rest of the page stays.

    Args:
        report: path or gs:// URI of the page that `write_report` wrote.
        run: the run that it is of.
        job: what is known of the run now.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
    """
    path = local_path(report)
    text, page = path.read_text(), _page(run, job, "", [])
    made = render_section("made", {"made": made_of(run, job)})
    for part in (shell.title(page), shell.top(page), made, shell.footer(page)):
        text = shell.replace_part(text, part)
    with contract.atomic_write(path) as file:
        file.write(text.encode())


def page_of(run: RunDirectory, job: Job, content: Mapping[str, Any]) -> Page:
    """The page of this content."""
    return _page(run, job, content["headline"].summary, sections_of(SECTIONS, content))


def _page(run: RunDirectory, job: Job, lead: str, sections: list[shell.Section]) -> Page:
    metrics, kind = run.metrics, run.kind
    task = f"{len(run.classes)} classes" if kind.classifies else "regression"
    on = metrics["device"].upper() if metrics["device"] == "cpu" else metrics["device"]
    return Page(
        kind="Report",
        heading=f"Predicting {run.target}",
        about=f"{task} · run {job.name}" if job.name else task,
        lead=lead,
        tally=[
            counted(metrics["rows"]["train"], "training row"),
            counted(len(run.y), "validation row"),
            counted(metrics["features"], "feature"),
            counted(metrics["parameters"], "weight"),
            f"epoch{SPACE}{whole(kept_epoch(run))} of {whole(metrics['epochs'])} is kept",
            f"{seconds(metrics['seconds']).replace(' ', SPACE)} of training on {on}",
        ],
        links=job.links,
        sections=sections,
        source=job.source,
        scripts=(TEMPLATES / "threshold.js").read_text(),
    )


def context(
    run: RunDirectory, train_data: str, val_data: str, table: Mapping[str, Any], job: Job
) -> dict[str, Any]:
    """What the sections show."""
    columns = columns_of(run)
    train = leaderboard.training_rows(run, train_data) if train_data else None
    x = validation_rows(run, val_data) if val_data else None
    others = leaderboard.predictions_of(run, train, x) if train and x is not None else ({}, [])
    board = leaderboard.compare(run, *others)
    shown = ""
    if table:
        shown = data.of_table(table)
    elif train:
        shown = data.of_rows(columns, train[0], run.metrics["rows"]["train"])
    return {
        "run": run,
        "target": run.target,
        "headline": headline(run, board),
        "leaderboard": table_of(board),
        "plots": render([*learning(run), *plots_of(run, x)]),
        "thresholds": thresholds_of(run),
        "epochs": _epochs(run),
        "why_it_ended": why_it_ended(run),
        "what_rows_selected": what_rows_selected(run),
        "test": {
            metric.label: run.metrics[f"test_{name}"]
            for name, metric in run.kind.metrics.items()
            if run.metrics.get(f"test_{name}") is not None
        },
        "confusion": confusion_of(run) if run.classes else None,
        "groups": groups.shown(run, columns, x),
        "data": shown,
        "made": made_of(run, job),
    }


def render(plots: Iterable[Chart | Bars]) -> dict[str, dict[str, Any]]:
    """The marks of plots, by name."""
    return {
        plot.name: svg.render_bars(plot) if isinstance(plot, Bars) else svg.render(plot)
        for plot in plots
    }


def _epochs(run: RunDirectory) -> list[tuple[str, list[float]]]:
    """The history's rows that tell the most: epoch, losses, score and seconds of each."""
    columns = list(run.history.values())
    if not columns or not len(columns[0]):
        return []
    telling = epochs_of(run)
    rows = {"first": 1, "lowest loss": telling.lowest, "kept": telling.kept, "last": telling.last}
    if telling.lowest == telling.kept:
        del rows["lowest loss"]
    return [(name, [float(c[n - 1]) for c in columns]) for name, n in rows.items() if n > 0]

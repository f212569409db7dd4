"""A report of a model on a labelled table, which need not be that of its training."""

from vertex_tabular.pages import shell
from vertex_tabular.pages.formatting import counted
from vertex_tabular.prediction.table import Evaluation
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report import groups
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.report.headline import headline
from vertex_tabular.report.leaderboard import compare
from vertex_tabular.report.links import links_to_report
from vertex_tabular.report.page import render
from vertex_tabular.report.plots import plots_of, thresholds_of
from vertex_tabular.report.sections import TEMPLATES, sections_of
from vertex_tabular.run.directory import RunDirectory

# As `page.SECTIONS`: the templates of these names.
SECTIONS = {
    "evaluated": "Metrics",
    "predictions": "Predictions",
    "columns": "Columns",
    "values": "Values",
}


def write_evaluation(
    trained: RunDirectory,
    evaluation: Evaluation,
    out: str,
    name: str,
    source: str,
    *,
    seen: bool = False,
) -> None:
    """Writes the parts of a run's report that suit rows that neither trained nor validated.

    Args:
        trained: the run that the model is of.
        evaluation: the predictions, with the features.
        out: path or gs:// URI of the HTML file.
        name: of the run.
        source: the table.
        seen: whether it is the table that the model was trained on.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
    """
    y = evaluation.y.astype("int64") if trained.kind.classifies else evaluation.y
    run, counts = trained.on(y, evaluation.predictions), evaluation.counts
    with one_thread():
        head = headline(run, compare(run, {}), "labelled row")
        content = {
            "run": run,
            "counts": counts,
            "seen": seen,
            "target": run.target,
            "headline": head,
            "plots": render(plots_of(run, evaluation.x)),
            "thresholds": thresholds_of(run),
            "confusion": confusion_of(run) if run.classes else None,
            "groups": groups.shown(run, columns_of(run), evaluation.x),
        }
        sections = sections_of(SECTIONS, content)
    page = shell.Page(
        kind="Evaluation",
        heading=f"Evaluating {run.target}",
        about=f"run {name} on {source}",
        lead=head.summary,
        tally=[
            counted(counts.rows, "labelled row"),
            counted(run.metrics["rows"]["train"], "training row"),
            counted(run.metrics["features"], "feature"),
        ],
        links=links_to_report(trained.path, out),
        sections=sections,
        source=source,
        scripts=(TEMPLATES / "threshold.js").read_text(),
    )
    shell.write(page, out)

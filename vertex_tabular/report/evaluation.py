"""A report of a model on a labelled table, which need not be that of its training."""

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.prediction.table import Evaluation
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.report.headline import headline
from vertex_tabular.report.page import groups_shown, render, render_page
from vertex_tabular.report.plots import plots_of, thresholds_of
from vertex_tabular.run.directory import RunDirectory


def write_evaluation(
    trained: RunDirectory, evaluation: Evaluation, out: str, name: str, source: str
) -> None:
    """Writes the parts of a run's report that suit rows that neither trained nor validated.

    Args:
        trained: the run that the model is of.
        evaluation: the predictions, with the features.
        out: path or gs:// URI of the HTML file.
        name: of the run.
        source: the table.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
    """
    y = evaluation.y.astype("int64") if trained.kind.classifies else evaluation.y
    run = trained.on(y, evaluation.predictions)
    with one_thread():
        content = {
            "run": run,
            "name": name,
            "source": source,
            "counts": evaluation.counts,
            "target": run.target,
            "headline": headline(run, {}, "labelled rows"),
            "plots": render(plots_of(run, evaluation.x)),
            "thresholds": thresholds_of(run),
            "confusion": confusion_of(run) if run.classes else None,
            "groups": groups_shown(run, columns_of(run), evaluation.x),
        }
        page = render_page(content, "evaluation.html.j2")
    with contract.atomic_write(local_path(out)) as file:
        file.write(page.encode())

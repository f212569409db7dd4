"""A report of a model's answers to a labelled table, which need not be of its training."""

from dataclasses import replace

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.prediction.table import Evaluation
from vertex_tabular.report.columns import columns_of
from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.report.headline import headline
from vertex_tabular.report.page import drawn, groups_shown, rendered
from vertex_tabular.report.plots import plots_of, thresholds_of
from vertex_tabular.report.run import load


def write_evaluation(
    run_directory: str, judged: Evaluation, out: str, name: str, source: str
) -> None:
    """Writes the parts of a run's report that suit rows which neither trained nor validated.

    Args:
        run_directory: of the model, a path or gs:// URI.
        judged: the answers, with the features.
        out: path or gs:// URI of the HTML file.
        name: of the run.
        source: the table.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
    """
    made = load(run_directory)
    y = judged.y if made.task == "regression" else judged.y.astype("int64")
    run = replace(made, y=y, predictions=judged.predictions, history={}, log=[])
    thresholds = thresholds_of(run)
    content = {
        "run": run,
        "name": name,
        "source": source,
        "counts": judged.counts,
        "target": run.spec.target if run.spec else "target",
        "headline": headline(run, {}, "labelled rows"),
        "plots": drawn(plots_of(run, judged.x, thresholds)),
        "thresholds": thresholds,
        "confusion": confusion_of(run) if run.classes else None,
        "groups": groups_shown(run, columns_of(run), judged.x),
    }
    page = rendered(content, "evaluation.html.j2")
    with contract.atomic_write(local_path(out)) as file:
        file.write(page.encode())

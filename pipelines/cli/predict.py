"""The commands that use a run's model: `tabpipe predict` and `tabpipe evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import (
    DEFAULT_ROOT,
    USE,
    AsJson,
    ModelName,
    Out,
    Quiet,
    Root,
    TableFile,
    switch,
)
from pipelines.cli.output import print_json
from trainer.terminal import echo

if TYPE_CHECKING:
    from collections import Counter

    from vertex_tabular.features.spec import Spec
    from vertex_tabular.prediction.table import Counts


def predict(
    run: ModelName,
    table: TableFile,
    out: Out,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Copy a column to the output; may be repeated."),
    ] = None,
    safe_for_spreadsheets: Annotated[
        bool,
        switch(
            "--safe-for-spreadsheets",
            help="In a CSV, put ' before a text that a spreadsheet would take for a formula.",
        ),
    ] = False,
    root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Predict each row of a table.

    The table needs no target. FILE is a .csv or a .parquet.

    Example: tabpipe predict latest new.csv --out predictions.csv --key Id
    """
    from vertex_tabular.prediction.model import load_model
    from vertex_tabular.prediction.table import predict_file

    model = load_model(run, root)
    counts = predict_file(model, table, out, key or (), safe_for_spreadsheets)
    if not quiet:
        _report(model.spec, counts)
    if as_json:
        print_json({"file": out, **_counted(model.spec, counts)})
        return
    probability = ""
    if model.task == "binary":
        probability = f"; probability: that {model.spec.target} is {model.classes_[1]}"
    echo(f"{counts.rows} rows written to {out}{probability}")


def evaluate(
    run: ModelName,
    table: TableFile,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a report, with plots.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show the metrics of a model on a table that has the target.

    Memory grows with the rows: by about 100 MB for a million; with --html also by their features.

    Example: tabpipe evaluate latest labelled.csv --html report.html
    """
    from components.objects import fingerprint
    from trainer.contract import to_json
    from vertex_tabular.prediction.model import load_model
    from vertex_tabular.prediction.table import evaluate_file
    from vertex_tabular.report.evaluation import write_evaluation
    from vertex_tabular.run.find import find_directory

    model = load_model(run, root)
    evaluation = evaluate_file(model, table, features_too=html is not None)
    if html:
        seen = fingerprint(table) == model.run.origin.get("fingerprint")
        found = find_directory(run, root)
        name = found.name if found else run
        write_evaluation(model.run, evaluation, str(html), name=name, source=table, seen=seen)
    metrics, counts = evaluation.metrics, evaluation.counts
    if not quiet:
        _report(model.spec, counts)
    if as_json:
        print_json({**_counted(model.spec, counts), "metrics": to_json(metrics)})
        return
    width = max(map(len, metrics))
    echo(f"{'rows':{width}}  {counts.rows}")
    for name, value in metrics.items():
        echo(f"{name:{width}}  {value:.4g}")
    if html:
        echo(f"\nwritten: {html}")


def _counted(spec: "Spec", counts: "Counts") -> dict[str, Any]:
    """What was met in the rows, as JSON."""
    from vertex_tabular.features.drift import drift

    return {
        "rows": counts.rows,
        "missing": dict(counts.missing),
        "unseen": dict(counts.unseen),
        "drifted": [each.name for each in drift(spec, counts.bin_counts) if each.drifted],
    }


def _report(spec: "Spec", counts: "Counts") -> None:
    """Prints on stderr which values were imputed or unseen, and which columns drifted."""
    from vertex_tabular.features.drift import PSI_MAJOR, drift

    for what, met, then in (
        ("missing", counts.missing, "imputed as in training"),
        (
            "unseen",
            counts.unseen,
            "categories that no training row has: their predictions are unreliable",
        ),
    ):
        if met:
            echo(f"{what}: {_by_column(met)} of {counts.rows} rows; {then}", err=True)
    drifted = [column for column in drift(spec, counts.bin_counts) if column.drifted]
    if drifted:
        shown = ", ".join(f"{column.name} {column.psi:.2f}" for column in drifted)
        echo(
            f"drifted: {shown}; a population stability index of {PSI_MAJOR} or more: these rows "
            "differ from the training rows",
            err=True,
        )


def _by_column(met: "Counter[str]") -> str:
    return ", ".join(f"{name} in {count}" for name, count in met.items())


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (predict, evaluate):
        app.command(rich_help_panel=USE)(command)

"""Predictions with what is known of them: the predictions, a drift report, and metrics as JSON."""

import json
from collections.abc import Sequence

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.features.drift import drift
from vertex_tabular.prediction.model import load_model
from vertex_tabular.prediction.table import predict_file
from vertex_tabular.report.drift import write_drift_report
from vertex_tabular.report.links import links_to_report


def predict_and_report(
    run_directory: str,
    table: str,
    *,
    predictions: str,
    report: str,
    metrics: str,
    keys: Sequence[str] = (),
    source: str = "",
) -> dict[str, float]:
    """Writes a model's predictions for a table, and how far the table is from the training rows.

    Args:
        run_directory: path or gs:// URI of what training wrote.
        table: as `vertex_tabular.tables.sources` describes it.
        predictions: a .csv or .parquet, as `predict_file` writes it.
        report: the HTML file.
        metrics: a JSON file of what is returned, and of `psi` by column.
        keys: columns of the table to carry over.
        source: what the report calls the table; `table` if not given.

    Returns:
        `rows`; `missing` and `unseen`, how many values were; and where the model knows how its
        training rows were spread, `drifted_columns` and `max_psi`.

    Raises:
        InputError: the run directory, the table or a key is at fault.
        TabularError: the run is damaged, or writing failed.
    """
    model = load_model(run_directory)
    counts = predict_file(model, table, predictions, keys)
    found = drift(model.spec, counts.bin_counts)
    told: dict[str, float] = {
        "rows": counts.rows,
        "missing": counts.missing.total(),
        "unseen": counts.unseen.total(),
    }
    if found:
        told["drifted_columns"] = sum(column.drifted for column in found)
        told["max_psi"] = max(column.psi for column in found)
    links = links_to_report(model.run.path, report)
    write_drift_report(report, model.spec.target, counts, found, source or table, links)
    content = {**told, "psi": {column.name: column.psi for column in found}}
    with contract.atomic_write(local_path(metrics)) as file:
        file.write(json.dumps(content, indent=2).encode() + b"\n")
    return told

"""A trained model's predictions for a table, and how the table differs from the training rows."""

from kfp import dsl


def predict(
    csv: str,
    fingerprint: str,
    manifest: str,
    manifest_fingerprint: str,
    keys: list[str],
    output_format: str,
    predictions: dsl.Output[dsl.Dataset],
    drift_report: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Predicts with the model beside `manifest`, which must be the one that was pinned."""
    from components.objects import local_copy
    from trainer.errors import exit_on_error
    from vertex_tabular.report.prediction import predict_and_report

    predictions.uri += f".{output_format}"
    drift_report.uri += ".html"
    metrics.uri += ".json"
    paths = {"predictions": predictions.uri, "report": drift_report.uri, "metrics": metrics.uri}
    with (
        exit_on_error(),
        local_copy(manifest, manifest_fingerprint),
        local_copy(csv, fingerprint) as table,
    ):
        run_directory = manifest.rpartition("/")[0]
        found = predict_and_report(run_directory, table, keys=keys, source=csv, **paths)
    predictions.metadata.update(source=csv, fingerprint=fingerprint, run_directory=run_directory)
    predictions.metadata.update(manifest_fingerprint=manifest_fingerprint)
    for name, value in found.items():
        metrics.log_metric(name, value)

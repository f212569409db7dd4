"""Last step: the finished run directory becomes a model, metrics and a report in the Console."""

from kfp import dsl


def collect(
    run_directory: dsl.Input[dsl.Artifact],
    gcp_resources: str,
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    classification_metrics: dsl.Output[dsl.ClassificationMetrics],
    eval_history: dsl.Output[dsl.Dataset],
    training_log: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
) -> None:
    """Checks the run directory and publishes its files where they lie; writes nothing there."""
    from trainer import contract
    from trainer.errors import exit_on_error
    from trainer.uri import join
    from vertex_tabular.report import results
    from vertex_tabular.report.recorded import write_report_of

    report.uri += ".html"
    with exit_on_error():
        run = results.load(run_directory.uri, job=gcp_resources)
        report.metadata["summary"] = write_report_of(run.run, report.uri)
    model.uri = join(run_directory.uri, contract.MODEL)
    metrics.uri = join(run_directory.uri, contract.METRICS)
    classification_metrics.uri = join(run_directory.uri, contract.PREDICTIONS)
    eval_history.uri = join(run_directory.uri, contract.HISTORY)
    training_log.uri = join(run_directory.uri, contract.LOG)
    model.metadata.update(run.model)
    for name, value in run.metrics.items():
        metrics.log_metric(name, value)
    if run.roc is not None:
        classification_metrics.log_roc_curve(*run.roc)
    if run.confusion is not None:
        classification_metrics.log_confusion_matrix(*run.confusion)

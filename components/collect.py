"""Last step: the finished run directory becomes a model, metrics and plots in the Console."""

from kfp import dsl


def collect(
    run_directory: dsl.Input[dsl.Artifact],
    gcp_resources: str,
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    classification_metrics: dsl.Output[dsl.ClassificationMetrics],
    eval_history: dsl.Output[dsl.Artifact],
    training_log: dsl.Output[dsl.Artifact],
):
    """Checks the run directory and publishes its files where they lie; writes nothing there."""
    from trainer import contract, results
    from trainer.errors import reported

    with reported():
        run = results.load(run_directory.uri, job=gcp_resources)
    model.uri = contract.join(run_directory.uri, contract.MODEL)
    model.metadata.update(run.model)
    metrics.uri = contract.join(run_directory.uri, contract.METRICS)
    for name, value in run.metrics.items():
        metrics.log_metric(name, value)
    classification_metrics.uri = contract.join(run_directory.uri, contract.PREDICTIONS)
    if run.roc is not None:
        classification_metrics.log_roc_curve(*run.roc)
    if run.confusion is not None:
        classification_metrics.log_confusion_matrix(*run.confusion)
    eval_history.uri = contract.join(run_directory.uri, contract.HISTORY)
    training_log.uri = contract.join(run_directory.uri, contract.LOG)

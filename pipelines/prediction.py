"""The graph of predictions: snapshot of the table and of the model → predict."""

from typing import Any, NamedTuple

from kfp import dsl

from components.code import Code
from components.predict import predict
from components.snapshot import snapshot
from pipelines import names
from pipelines.compiling import document_of
from trainer.contract import MANIFEST


class Predicted(NamedTuple):
    """What a run leaves behind, by the names that `tabpipe run --json` uses."""

    predictions: dsl.Dataset
    drift_report: dsl.HTML
    metrics: dsl.Metrics


def prediction_pipeline(code: Code) -> Any:
    """The graph as a KFP pipeline.

    Args:
        code: how the steps' code reaches their containers.
    """
    snapshot_step = code.component(snapshot)
    predict_step = code.component(predict)

    @dsl.pipeline(
        name=names.PREDICTION,
        display_name="Tabular prediction",
        description="A run's model answers each row of a table.",
    )
    def prediction(
        csv: str,
        run_directory: str,
        keys: list[str] = [],  # noqa: B006  (becomes the YAML's default value)
        output_format: str = "csv",
    ) -> Predicted:
        """A run's model answers each row of a table.

        Args:
            csv: The table, a gs:// URI or, on this machine, a path; it needs no target.
            run_directory: Run directory of a training, a gs:// URI or, on this machine, a path.
            keys: Columns of the table to carry over beside the answers.
            output_format: Form of the predictions, csv or parquet.
        """
        pinned = snapshot_step(csv=csv).set_display_name("Pin the input's version")
        pinned.set_caching_options(False)
        # The manifest has the sha256 of every file of the model, and so stands for all of them.
        model = snapshot_step(csv=f"{run_directory}/{MANIFEST}")
        model.set_display_name("Pin the model's version").set_caching_options(False)

        predicted = predict_step(
            csv=pinned.outputs["csv"],
            fingerprint=pinned.outputs["fingerprint"],
            manifest=model.outputs["csv"],
            manifest_fingerprint=model.outputs["fingerprint"],
            keys=keys,
            output_format=output_format,
        ).set_display_name("Predict")

        return Predicted(
            predictions=predicted.outputs["predictions"],
            drift_report=predicted.outputs["drift_report"],
            metrics=predicted.outputs["metrics"],
        )

    return prediction


def compiled(code: Code) -> str:
    """The graph as one YAML document, the same bytes at every compile."""
    return document_of(prediction_pipeline(code))

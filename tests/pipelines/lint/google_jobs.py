"""Sound steps of Google's components, each with a payload of its own kind."""

from typing import Any

from google.cloud.aiplatform import hyperparameter_tuning
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.v1.batch_predict_job import ModelBatchPredictOp
from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import (
    HyperparameterTuningJobRunOp,
    serialize_metrics,
    serialize_parameters,
)
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp import dsl

from tests.pipelines.lint.bad_pipelines import OUTPUT, TRAINER

POOL = {
    "machine_spec": {"machine_type": "n1-standard-4"},
    "replica_count": 1,
    "container_spec": {"image_uri": TRAINER},
}


def tuning(**changes: Any) -> None:
    learning_rate = hyperparameter_tuning.DoubleParameterSpec(min=0.01, max=1, scale="log")
    given = {
        "display_name": "tune",
        "base_output_directory": OUTPUT,
        "worker_pool_specs": [POOL],
        "study_spec_metrics": serialize_metrics({"auc": "maximize"}),
        "study_spec_parameters": serialize_parameters({"learning_rate": learning_rate}),
        "max_trial_count": 4,
        "parallel_trial_count": 2,
    }
    HyperparameterTuningJobRunOp(**given | changes)


def batch(**changes: Any) -> None:
    given = {
        "job_display_name": "score",
        "gcs_source_uris": ["gs://bucket/rows/20260101.jsonl"],
        "gcs_destination_output_uri_prefix": OUTPUT,
    }
    ModelBatchPredictOp(**given | changes)


def upload(**changes: Any) -> None:
    model = dsl.importer(
        artifact_uri=f"{OUTPUT}/model",
        artifact_class=UnmanagedContainerModel,
        metadata={"containerSpec": {"imageUri": TRAINER}},
    )
    given = {"display_name": "m", "unmanaged_container_model": model.outputs["artifact"]}
    ModelUploadOp(**given | changes)

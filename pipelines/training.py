"""The graph: snapshot → preprocess → train → collect, and its compilation to YAML."""

from importlib.metadata import version
from typing import Any, NamedTuple

from kfp import dsl

from components.code import Code
from components.collect import collect
from components.preprocess import preprocess
from components.signature import HYPERPARAMETERS, PREPROCESSING, with_settings
from components.snapshot import snapshot
from components.train import train_component
from pipelines import names
from pipelines.compiling import LOCATION, PROJECT, document_of
from pipelines.parameters import MAX_JOB_SECONDS
from pipelines.prices.machines import UNSPECIFIED
from trainer.config import Config
from vertex_tabular.preprocessing.config import PrepareConfig

DEFAULT_IMAGE = f"vertex-tabular:{version('vertex-tabular')}"
DESCRIPTION = """\
Trains a PyTorch model on a table, and publishes the model, its metrics and a report.

**Give** two parameters; the others have defaults:

- `csv`: the table, `gs://BUCKET/FILE.csv`
- `schema`: the target and the columns, as JSON, such as
  `{"target": "Survived", "task": "binary", "columns": [{"name": "Age", "kind": "numeric"}]}`.
  `tabpipe schema infer FILE.csv` proposes one.

Each parameter is **explained** beside its field, and in `docs/reference.md` of vertex-tabular.
"""


class Results(NamedTuple):
    """What a run leaves behind, by the names that `tabpipe run --json` uses."""

    train_data: dsl.Dataset
    val_data: dsl.Dataset
    preprocessing_spec: dsl.Artifact
    profile: dsl.HTML
    run_directory: dsl.Artifact
    model: dsl.Model
    metrics: dsl.Metrics
    classification_metrics: dsl.ClassificationMetrics
    eval_history: dsl.Dataset
    training_log: dsl.Artifact
    report: dsl.HTML


def training_pipeline(code: Code, replicas: int = 1) -> Any:
    """The graph as a KFP pipeline.

    Args:
        code: how the steps' code reaches their containers.
        replicas: machines of the training job; more than one makes a second worker pool.
    """
    snapshot_step = code.component(snapshot)
    preprocess_step = code.component(preprocess)
    train_step = train_component(code, replicas)
    collect_step = code.component(collect)

    @dsl.pipeline(name=names.TRAINING, display_name="Tabular training", description=DESCRIPTION)
    @with_settings(PrepareConfig, Config)
    def training(
        csv: str,
        schema: dict[str, Any],
        training_image: str = code.training_image,
        machine_type: str = "n1-standard-4",
        accelerator_type: str = UNSPECIFIED,
        accelerator_count: int = 0,
        job_strategy: str = "STANDARD",
        job_timeout_seconds: int = MAX_JOB_SECONDS,
        job_service_account: str = "",
        job_kms_key: str = "",
        job_network: str = "",
        job_labels: dict[str, Any] = {},  # noqa: B006  (becomes the YAML's default value)
        **settings: Any,
    ) -> Results:
        """A CSV becomes a trained PyTorch model, its metrics and its log.

        Args:
            csv: The table to train on, a gs:// URI or, on this machine, a path.
            schema: Feature schema: the target, and each column with its kind.
            training_image: Image of the training job; name a CUDA image to train on a GPU.
            machine_type: Machine type of the training job, for example n1-standard-8.
            accelerator_type: GPU type of the training job, for example NVIDIA_TESLA_T4.
            accelerator_count: GPUs of each machine; type and count go together.
            job_strategy: How machines are provisioned, STANDARD or SPOT.
            job_timeout_seconds: Time limit of the training job; default: Vertex AI's limit.
            job_service_account: Account of the training job. Empty is Vertex AI's Custom Code
                Service Agent, not the account of the run.
            job_kms_key: Customer-managed key that encrypts the training job.
            job_network: VPC network of the training job.
            job_labels: Labels of the training job, for cost reports.
        """
        pinned = snapshot_step(csv=csv).set_display_name("Pin the input's version")
        pinned.set_caching_options(False)

        prepared = preprocess_step(
            csv=pinned.outputs["csv"],
            fingerprint=pinned.outputs["fingerprint"],
            schema=schema,
            **{name: settings[name] for name in PREPROCESSING},
        ).set_display_name("CSV to arrays")

        trained = train_step(
            train_data=prepared.outputs["train_data"],
            val_data=prepared.outputs["val_data"],
            preprocessing_spec=prepared.outputs["preprocessing_spec"],
            test_data=prepared.outputs["test_data"],
            **{name: settings[name] for name in HYPERPARAMETERS},
            training_image=training_image,
            machine_type=machine_type,
            accelerator_type=accelerator_type,
            accelerator_count=accelerator_count,
            job_strategy=job_strategy,
            job_timeout_seconds=job_timeout_seconds,
            job_service_account=job_service_account,
            job_kms_key=job_kms_key,
            job_network=job_network,
            job_labels=job_labels,
            project=PROJECT,
            location=LOCATION,
        ).set_display_name("Train")

        collected = collect_step(
            run_directory=trained.outputs["run_directory"],
            gcp_resources=trained.outputs["gcp_resources"],
        ).set_display_name("Collect the results")
        # Each run publishes its own results, also when its training came from the cache.
        collected.set_caching_options(False)

        return Results(
            train_data=prepared.outputs["train_data"],
            val_data=prepared.outputs["val_data"],
            preprocessing_spec=prepared.outputs["preprocessing_spec"],
            profile=prepared.outputs["profile"],
            run_directory=trained.outputs["run_directory"],
            model=collected.outputs["model"],
            metrics=collected.outputs["metrics"],
            classification_metrics=collected.outputs["classification_metrics"],
            eval_history=collected.outputs["eval_history"],
            training_log=collected.outputs["training_log"],
            report=collected.outputs["report"],
        )

    return training


def compiled(code: Code, replicas: int = 1) -> str:
    """The graph as one YAML document, the same bytes at every compile."""
    return document_of(training_pipeline(code, replicas))

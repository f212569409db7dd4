"""The graph: snapshot → preprocess → train → collect, and its compilation to YAML."""

from importlib.metadata import version
from importlib.resources import files
from typing import Any, NamedTuple

import yaml
from google_cloud_pipeline_components import _placeholders as placeholders
from kfp import dsl

from components.code import Code
from components.collect import collect
from components.preprocess import preprocess
from components.snapshot import snapshot
from components.train import train_component
from pipelines.compiling import document_of
from pipelines.prices.machines import UNSPECIFIED

PIPELINE_NAME = "vertex-tabular-training"
DEFAULT_IMAGE = f"vertex-tabular:{version('vertex-tabular')}"


def titanic_schema() -> dict[str, Any]:
    """The feature schema that is the YAML's default: the Titanic's passenger list."""
    schema: dict[str, Any] = yaml.safe_load(
        files("pipelines.project").joinpath("titanic.yaml").read_text()
    )
    return schema


class Results(NamedTuple):
    """What a run leaves behind, by the names that `tabpipe run --json` uses."""

    train_data: dsl.Dataset
    val_data: dsl.Dataset
    spec: dsl.Artifact
    profile: dsl.HTML
    run_directory: dsl.Artifact
    model: dsl.Model
    metrics: dsl.Metrics
    classification_metrics: dsl.ClassificationMetrics
    eval_history: dsl.Artifact
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

    @dsl.pipeline(
        name=PIPELINE_NAME,
        display_name="Tabular training",
        description="A CSV becomes a trained PyTorch model, its metrics and its log.",
    )
    def training(
        csv: str,
        schema: dict[str, Any] = titanic_schema(),  # noqa: B006, B008  (becomes the YAML's default value)
        fit_on: str = "train",
        dtype: str = "float32",
        val_size: float = 0.2,
        test_size: float = 0.0,
        split_seed: int = 42,
        max_unseen: float = 0.05,
        recipe: str = "plain",
        shard_rows: int = 10_000_000,
        hidden_layers: str = "64,32",
        dropout: float = 0.0,
        epochs: int = 500,
        learning_rate: float = 0.001,
        learning_rate_schedule: str = "none",
        weight_decay: float = 0.0,
        l2: float = 0.0,
        class_weight: str = "none",
        batch_size: int = 0,
        patience: int = 50,
        min_delta: float = 0.001,
        restore_best: bool = True,
        seed: int = 42,
        training_image: str = code.training_image,
        machine_type: str = "n1-standard-4",
        accelerator_type: str = UNSPECIFIED,
        accelerator_count: int = 0,
        job_strategy: str = "STANDARD",
        job_timeout_seconds: int = 7 * 24 * 3600,
        job_service_account: str = "",
        job_labels: dict[str, Any] = {},  # noqa: B006  (becomes the YAML's default value)
    ) -> Results:
        """A CSV becomes a trained PyTorch model, its metrics and its log.

        Args:
            csv: The CSV file to train on, a gs:// URI or, on this machine, a path.
            schema: Feature schema: the target, and each column with its kind.
            fit_on: Rows on which medians, codes, means and standard deviations are fitted:
                train, or all (the lesson's way, which leaks the validation rows).
            dtype: Type of the feature arrays, float32 or float64.
            val_size: Share of the rows held out for validation, between 0 and 1.
            test_size: Share of the rows kept for a test that chooses nothing.
            split_seed: Seed of the split.
            max_unseen: Share of the rows that may have a category unseen in training.
            recipe: plain, the lesson's net; or strong, an ensemble on piecewise-linear encodings,
                which has its own values for the settings left at their default.
            shard_rows: Most rows of one npz: a table of more becomes shards; 0 is no limit.
            hidden_layers: Widths of the hidden layers.
            dropout: Share of hidden units dropped in training.
            epochs: Most epochs to train.
            learning_rate: Adam's learning rate.
            learning_rate_schedule: Of the learning rate over the epochs: none, or cosine.
            weight_decay: Decoupled weight decay.
            l2: Penalty on the squared weights, in the unit of one row's loss; scikit-learn's alpha.
            class_weight: Weight of each class in the loss: none, or balanced (rarer counts more).
            batch_size: Rows a step; 0 takes all rows at once.
            patience: Epochs without improvement after which training stops.
            min_delta: How much the validation loss must fall to count as an improvement.
            restore_best: Whether the model of the best epoch is kept rather than the last.
            seed: Seed of python, numpy and torch.
            training_image: Image of the training job; name a CUDA image to train on a GPU.
            machine_type: Machine of the training job, for example n1-standard-8.
            accelerator_type: GPU of the training job, for example NVIDIA_TESLA_T4.
            accelerator_count: GPUs a machine; type and count go together.
            job_strategy: How the machine is obtained, STANDARD or SPOT.
            job_timeout_seconds: Longest that the training job may run; default: Vertex's limit.
            job_service_account: Account of the training job; empty takes the project's own.
            job_labels: Labels of the training job, for cost reports.
        """
        pinned = snapshot_step(csv=csv).set_display_name("Pin the input's version")
        pinned.set_caching_options(False)

        prepared = preprocess_step(
            csv=pinned.outputs["csv"],
            fingerprint=pinned.outputs["fingerprint"],
            schema=schema,
            fit_on=fit_on,
            dtype=dtype,
            val_size=val_size,
            test_size=test_size,
            split_seed=split_seed,
            max_unseen=max_unseen,
            shard_rows=shard_rows,
        ).set_display_name("CSV to arrays")

        trained = train_step(
            train_data=prepared.outputs["train_data"],
            val_data=prepared.outputs["val_data"],
            spec=prepared.outputs["spec"],
            test_data=prepared.outputs["test_data"],
            recipe=recipe,
            hidden_layers=hidden_layers,
            dropout=dropout,
            epochs=epochs,
            learning_rate=learning_rate,
            learning_rate_schedule=learning_rate_schedule,
            weight_decay=weight_decay,
            l2=l2,
            class_weight=class_weight,
            batch_size=batch_size,
            patience=patience,
            min_delta=min_delta,
            restore_best=restore_best,
            seed=seed,
            training_image=training_image,
            machine_type=machine_type,
            accelerator_type=accelerator_type,
            accelerator_count=accelerator_count,
            job_strategy=job_strategy,
            job_timeout_seconds=job_timeout_seconds,
            job_service_account=job_service_account,
            job_labels=job_labels,
            project=placeholders.PROJECT_ID_PLACEHOLDER,
            location=placeholders.LOCATION_PLACEHOLDER,
        ).set_display_name("Train")

        collected = collect_step(
            run_directory=trained.outputs["run_directory"],
            train_data=prepared.outputs["train_data"],
            val_data=prepared.outputs["val_data"],
            gcp_resources=trained.outputs["gcp_resources"],
        ).set_display_name("Collect the results")
        # Each run publishes its own results, also when its training came from the cache.
        collected.set_caching_options(False)

        return Results(
            train_data=prepared.outputs["train_data"],
            val_data=prepared.outputs["val_data"],
            spec=prepared.outputs["spec"],
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

"""Third step: a Vertex AI CustomJob with typed artifacts on both sides.

GCPC's `CustomTrainingJobOp` takes only strings and returns only `gcp_resources`; this wraps the
same launcher, so the graph keeps its types, and the machine is a parameter of the run.

The payload has snake_case keys and strings in `args`, because Google's two parsers of it (the
launcher's `CustomJob(payload)` and protobuf's `json_format`) agree on that form only.
"""

from typing import Any

from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec
from kfp import dsl

from components.code import Code


def train_component(code: Code, replicas: int = 1) -> Any:
    """The training step for `replicas` machines: pool 0 has one of them, pool 1 the rest."""

    @dsl.container_component
    def train(
        train_data: dsl.Input[dsl.Dataset],
        val_data: dsl.Input[dsl.Dataset],
        spec: dsl.Input[dsl.Artifact],
        test_data: str,
        recipe: str,
        hidden_layers: str,
        dropout: float,
        epochs: int,
        learning_rate: float,
        learning_rate_schedule: str,
        weight_decay: float,
        l2: float,
        class_weight: str,
        batch_size: int,
        patience: int,
        min_delta: float,
        restore_best: bool,
        seed: int,
        training_image: str,
        machine_type: str,
        accelerator_type: str,
        accelerator_count: int,
        job_strategy: str,
        job_timeout_seconds: int,
        job_service_account: str,
        job_labels: dict,
        project: str,
        location: str,
        gcp_resources: dsl.OutputPath(str),
        run_directory: dsl.Output[dsl.Artifact],
    ):
        args = [
            f"--train={train_data.uri}",
            f"--val={val_data.uri}",
            f"--test={test_data}",
            f"--spec={spec.uri}",
            f"--recipe={recipe}",
            f"--hidden_layers={hidden_layers}",
            f"--dropout={dropout}",
            f"--epochs={epochs}",
            f"--learning_rate={learning_rate}",
            f"--learning_rate_schedule={learning_rate_schedule}",
            f"--weight_decay={weight_decay}",
            f"--l2={l2}",
            f"--class_weight={class_weight}",
            f"--batch_size={batch_size}",
            f"--patience={patience}",
            f"--min_delta={min_delta}",
            f"--restore_best={restore_best}",
            f"--seed={seed}",
            f"--model_out={run_directory.uri}",
        ]
        machine = {
            "machine_type": machine_type,
            "accelerator_type": accelerator_type,
            "accelerator_count": accelerator_count,
        }
        pool_sizes = [1] if replicas == 1 else [1, replicas - 1]
        return build_serverless_customjob_container_spec(
            project=project,
            location=location,
            custom_job_payload={
                "display_name": "vertex-tabular-train",
                "job_spec": {
                    "worker_pool_specs": [
                        {
                            "machine_spec": machine,
                            "replica_count": size,
                            **_program(code, training_image, args),
                        }
                        for size in pool_sizes
                    ],
                    "scheduling": {"strategy": job_strategy, "timeout": f"{job_timeout_seconds}s"},
                    "service_account": job_service_account,
                    "base_output_directory": {"output_uri_prefix": run_directory.uri},
                },
                "labels": job_labels,
            },
            gcp_resources=gcp_resources,
        )

    return train


def _program(code: Code, training_image: Any, args: list[str]) -> dict[str, Any]:
    """The part of a worker pool that says what runs: python is the container's own process,
    because a shell in between would keep SIGTERM from it."""
    if code.package_uri:
        return {
            "python_package_spec": {
                "executor_image_uri": training_image,
                "package_uris": [code.package_uri],
                "python_module": "trainer",
                "args": args,
            }
        }
    command = ["python", "-m", "trainer"]
    return {"container_spec": {"image_uri": training_image, "command": command, "args": args}}

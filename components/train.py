"""Third step: a Vertex AI CustomJob with typed artifacts on both sides.

GCPC's `CustomTrainingJobOp` takes only strings and returns only `gcp_resources`; this wraps the
same launcher, so the graph keeps its types, and the machine is a parameter of the run.

The payload has snake_case keys and strings in `args`, because Google's two parsers of it (the
launcher's `CustomJob(payload)` and protobuf's `json_format`) agree on that form only.
"""

from typing import Any

from google_cloud_pipeline_components.utils import build_serverless_customjob_container_spec
from kfp import dsl

from components.code import TRAINING_LOCKS, Code
from components.signature import with_settings
from trainer.config import Config

TRAINER = ["python", "-m", "trainer"]


def train_component(code: Code, replicas: int = 1) -> Any:
    """The training step for `replicas` machines: pool 0 has one of them, pool 1 the rest."""

    @dsl.container_component
    @with_settings(Config)
    def train(
        train_data: dsl.Input[dsl.Dataset],
        val_data: dsl.Input[dsl.Dataset],
        preprocessing_spec: dsl.Input[dsl.Artifact],
        test_data: str,
        training_image: str,
        machine_type: str,
        accelerator_type: str,
        accelerator_count: int,
        job_strategy: str,
        job_timeout_seconds: int,
        job_service_account: str,
        job_kms_key: str,
        job_network: str,
        job_labels: dict[str, str],
        project: str,
        location: str,
        gcp_resources: dsl.OutputPath(str),  # type: ignore[valid-type]
        run_directory: dsl.Output[dsl.Artifact],
        **settings: Any,
    ) -> dsl.ContainerSpec:
        """Trains as a Vertex AI CustomJob; writes the run directory."""
        args = [
            f"--train={train_data.uri}",
            f"--val={val_data.uri}",
            f"--test={test_data}",
            f"--spec={preprocessing_spec.uri}",
            *(f"--{name}={value}" for name, value in settings.items()),
            f"--model_out={run_directory.uri}",
        ]
        machine = {
            "machine_type": machine_type,
            "accelerator_type": accelerator_type,
            "accelerator_count": accelerator_count,
        }
        pool_sizes = [1] if replicas == 1 else [1, replicas - 1]
        spec: dsl.ContainerSpec = build_serverless_customjob_container_spec(
            project=project,
            location=location,
            custom_job_payload={
                "display_name": "vertex-tabular-train",
                "job_spec": {
                    "worker_pool_specs": [
                        {
                            "machine_spec": machine,
                            "replica_count": size,
                            "container_spec": {
                                "image_uri": training_image,
                                "command": code.command(TRAINER, TRAINING_LOCKS),
                                "args": args,
                            },
                        }
                        for size in pool_sizes
                    ],
                    "scheduling": {"strategy": job_strategy, "timeout": f"{job_timeout_seconds}s"},
                    "service_account": job_service_account,
                    "network": job_network,
                    "base_output_directory": {"output_uri_prefix": run_directory.uri},
                },
                # A run's own key and network are said again, as Google's components do: that a
                # CustomJob inherits them is written of the PipelineJob alone. Empty is left out.
                "encryption_spec": {"kms_key_name": job_kms_key},
                "labels": job_labels,
            },
            gcp_resources=gcp_resources,
        )
        return spec

    return train

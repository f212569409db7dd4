"""A training job whose machine is taken away goes on from its checkpoint, to the same bytes."""

import subprocess
import sys

import pytest
from google.cloud import aiplatform_v1 as vertex

from tests.gcp.conftest import CSV, wait_for
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.gcp.loopback.services.jobs import FINAL

pytestmark = pytest.mark.slow

DATA = f"gs://{BUCKET}/data"
PREPARE = """
import sys
from pipelines.project.sample import sample_schema
from vertex_tabular.preprocessing.prepare import prepare

prepare(sys.argv[1], sample_schema(), sys.argv[2])
"""
EPOCHS = 1500


def train(cloud: Cloud, name: str) -> vertex.CustomJob:
    """Starts a training job of its own; with the Spot strategy."""
    out = f"gs://{BUCKET}/{name}"
    arguments = [f"--train={DATA}/train_data.npz", f"--val={DATA}/val_data.npz"]
    arguments += [f"--model_out={out}", f"--epochs={EPOCHS}", "--patience=0"]
    arguments += ["--checkpoint_every=50"]
    pool = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {
            "image_uri": "registry/image:1",
            "command": ["python", "-m", "trainer"],
            "args": arguments,
        },
    }
    job = {
        "display_name": name,
        "job_spec": {
            "worker_pool_specs": [pool],
            "scheduling": {"strategy": "SPOT"},
            "base_output_directory": {"output_uri_prefix": out},
        },
    }
    parent = f"projects/{PROJECT}/locations/{REGION}"
    request = vertex.CreateCustomJobRequest(parent=parent, custom_job=job)
    return cloud.jobs.create(request)


def test_a_preempted_job_ends_with_the_same_model(cloud: Cloud) -> None:
    cloud.storage.pull()
    subprocess.run(
        [sys.executable, "-c", PREPARE, CSV, DATA], env=cloud.environ, check=True, timeout=60
    )
    undisturbed = train(cloud, "undisturbed")
    wait_for(lambda: undisturbed.state in FINAL)

    disturbed = train(cloud, "disturbed")
    checkpoints = cloud.storage.directory / BUCKET / "disturbed" / "checkpoints"
    wait_for(lambda: any(checkpoints.rglob("*.pt")) or disturbed.state in FINAL)
    cloud.jobs.preempt(disturbed.name)
    wait_for(lambda: disturbed.state in FINAL)

    assert disturbed.state == undisturbed.state == vertex.JobState.JOB_STATE_SUCCEEDED
    assert "training after epoch" in cloud.jobs.log(disturbed.name)
    names = ("undisturbed", "disturbed")
    one, other = (cloud.storage.read(f"gs://{BUCKET}/{name}/model.pt") for name in names)
    assert one == other

"""`tabpipe submit --experiment`: Google's own SDK finds the run in the experiment."""

import json
import subprocess
import sys

import grpc
import pytest
from google.protobuf import json_format

from pipelines.names import TRAINING
from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import Cloud
from tests.gcp.loopback.names import PROJECT, REGION
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

IMAGE = ["--image", "us-central1-docker.pkg.dev/my-project/images/vertex-tabular:0.1.0"]
SUBMIT = ["submit", CSV, "--set", "epochs=5", *IMAGE]
TRIAL = [*SUBMIT, "--run-id", "trial-1", "--experiment", "learning-rates"]
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
SDK = """
import json
import sys

from google.cloud import aiplatform

aiplatform.init(project=sys.argv[1], location=sys.argv[2])
frame = aiplatform.Experiment("learning-rates").get_data_frame()
job = aiplatform.PipelineJob.get("trial-1")
print(json.dumps({
    "listed": [experiment.name for experiment in aiplatform.Experiment.list()],
    "associated": job.get_associated_experiment().name,
    "rows": frame[["run_type", "run_name", "param.epochs"]].values.tolist(),
}))
"""


def test_the_sdk_finds_the_run_in_the_experiment(recorder: Cloud, recorded: Shell) -> None:
    dry = recorded(*TRIAL, "--dry-run")
    assert (dry.status, recorder.board.calls) == (0, [])
    submitted = recorded(*TRIAL)
    assert submitted.status == 0, submitted.stderr
    printed, end = json.JSONDecoder().raw_decode(dry.stdout)
    (request,) = recorder.calls("CreateContext")
    assert json_format.MessageToDict(type(request).pb(request)) == printed
    (request,) = recorder.calls("CreatePipelineJob")
    assert json_format.MessageToDict(type(request).pb(request)) == json.loads(dry.stdout[end:])

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SDK, PROJECT, REGION],
        env=recorder.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "listed": ["learning-rates"],
        "associated": "learning-rates",
        "rows": [["system.PipelineRun", "trial-1", 5.0]],
    }


def test_submitted_again_it_is_in_the_experiment_once(recorder: Cloud, recorded: Shell) -> None:
    for command in (TRIAL, TRIAL):
        assert recorded(*command).status == 0
    assert len(recorder.calls("CreateContext")) == len(recorder.calls("CreateMetadataStore")) == 1
    assert parents(recorder) == [TRAINING, "learning-rates"]


@pytest.mark.parametrize(
    "method", ["GetContext", "CreateMetadataStore", "CreateContext", "AddContextChildren"]
)
@pytest.mark.parametrize("executed", [False, True])
def test_a_lost_answer_is_asked_for_again(
    recorder: Cloud, recorded: Shell, method: str, executed: bool
) -> None:
    recorder.board.faults.append(Fault(method, UNAVAILABLE, executed=executed))
    result = recorded(*TRIAL)
    assert result.status == 0, result.stderr
    assert not recorder.board.faults
    assert parents(recorder) == [TRAINING, "learning-rates"]


def test_a_refusal_after_the_submission_says_how_to_go_on(recorder: Cloud, recorded: Shell) -> None:
    denied = grpc.StatusCode.PERMISSION_DENIED
    recorder.board.faults.append(Fault("AddContextChildren", denied, "Permission denied."))
    result = recorded(*TRIAL)
    assert result.status == 1
    assert "trial-1" in result.stdout
    assert "cannot add trial-1 to the experiment learning-rates: " in result.error
    assert result.error.endswith("give --run-id trial-1: that submits the run only once")
    assert recorded(*TRIAL).status == 0
    assert parents(recorder) == [TRAINING, "learning-rates"]


def test_a_name_that_is_taken_is_refused_before_the_run(recorder: Cloud, recorded: Shell) -> None:
    assert recorded(*TRIAL).status == 0
    result = recorded(*SUBMIT, "--run-id", "trial-2", "--experiment", "trial-1")
    assert result.status == 2
    assert "--experiment must name an experiment, got trial-1, which is a system.PipelineRun" in (
        result.error
    )
    assert len(recorder.calls("CreatePipelineJob")) == 1


def parents(cloud: Cloud) -> list[str]:
    """The contexts that the run is in: its pipeline's, and the experiment."""
    (run,) = [c for c in cloud.metadata.contexts.values() if c.schema_title == "system.PipelineRun"]
    return [name.rpartition("/")[2] for name in run.parent_contexts]

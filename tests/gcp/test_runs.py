"""`tabpipe runs`, `show`, `cancel`, `compare` and `clean` where nothing is executed."""

import json
from pathlib import Path

import grpc
import pytest
from google.cloud import aiplatform_v1 as vertex

from tests.gcp.conftest import CSV
from tests.gcp.loopback.cloud import BUCKET, Cloud
from tests.gcp.loopback.rpc import Fault
from tests.shell import Shell

pytestmark = pytest.mark.slow

WHY = "trial-2: not compared with trial-1 row by row: a run without results has no predictions"
PACKAGE = ["submit", CSV]
SUBMIT = [*PACKAGE, "--image", "us-docker.pkg.dev/p/r/i:1"]


def test_runs_lists_the_newest_first(recorder: Cloud, recorded: Shell) -> None:
    for number in range(3):
        recorded(*SUBMIT, "--run-id", f"trial-{number}")
    head, *lines = recorded("runs", "--limit", "2").stdout.splitlines()
    assert head.split() == ["run", "name", "target", "model", "metric", "time", "state", "place"]
    assert [line.split()[0] for line in lines] == ["trial-2", "trial-1"]
    assert all(line.split()[-2:] == ["PENDING", "us-central1"] for line in lines)


def test_a_run_that_waits_shows_its_steps_and_can_be_cancelled(
    recorder: Cloud, recorded: Shell
) -> None:
    recorded(*SUBMIT, "--run-id", "trial-1")
    shown = json.loads(recorded("show", "trial-1", "--json").stdout)
    assert [step["name"] for step in shown["steps"]] == [
        "snapshot",
        "preprocess",
        "train",
        "collect",
    ]
    assert {step["state"] for step in shown["steps"]} == {"WAITING"}
    assert recorded("cancel", "trial-1").stdout == "trial-1 is being cancelled\n"
    assert recorded("show", "trial-1").stdout.startswith("trial-1  CANCELLED  Ada L.: ")
    again = recorded("cancel", "trial-1")
    assert (again.status, again.stdout) == (0, "trial-1 has ended: CANCELLED\n")


@pytest.mark.parametrize("command", [["show"], ["logs"], ["cancel"], ["fetch"]])
def test_a_run_that_does_not_exist(recorder: Cloud, recorded: Shell, command: list[str]) -> None:
    arguments = [*command, "nothing", *(["here"] if command == ["fetch"] else [])]
    result = recorded(*arguments)
    assert result.status == 2
    assert result.error.endswith("/pipelineJobs/nothing does not exist")


def test_compare_shows_what_differs(recorder: Cloud, recorded: Shell) -> None:
    recorded(*SUBMIT, "--run-id", "trial-1", "--set", "epochs=5")
    recorded(*SUBMIT, "--run-id", "trial-2", "--set", "epochs=9")
    lines = recorded("compare", "trial-1", "trial-2").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["run", "trial-1", "trial-2"],
        ["state", "PENDING", "PENDING"],
        ["epochs", "5", "9"],
        WHY.split(),
    ]


def test_a_reading_command_asks_again_when_google_does_not_answer(
    recorder: Cloud, recorded: Shell
) -> None:
    recorder.board.faults += [
        Fault("ListPipelineJobs", grpc.StatusCode.UNAVAILABLE),
        Fault("ListPipelineJobs", None),
    ]
    assert recorded("runs").status == 0
    assert len(recorder.calls("ListPipelineJobs")) == 2 + 2  # two lost, and one for each pipeline


def test_clean_deletes_only_what_nothing_uses(recorder: Cloud, recorded: Shell) -> None:
    packages = f"gs://{BUCKET}/tabular/packages/"
    for uri in recorder.storage.uris(packages):  # of other tests
        recorder.storage.delete(uri)
    recorded(*PACKAGE, "--run-id", "trial-1")
    used = recorder.storage.uris(packages)
    assert any(uri.endswith(".whl") for uri in used)
    recorder.storage.write(f"{packages}0123456789abcdef/vertex_tabular-0.0.9.whl", b"old")
    clean = ["clean", "--older-than"]
    assert recorded(*clean, "30d").stdout == "no unused packages\n"
    assert recorded(*clean, "0d").stdout.startswith(f"unused {packages}0123456789abcdef/")
    assert recorded(*clean, "0d", "--yes").stdout.startswith("deleted ")
    assert recorder.storage.uris(packages) == used
    assert recorded(*clean, "soon").error.endswith("must be a number of days like 30d, got soon")


def test_clean_finds_a_use_behind_any_number_of_runs(recorder: Cloud, recorded: Shell) -> None:
    packages = f"gs://{BUCKET}/tabular/packages/"
    for uri in recorder.storage.uris(packages):  # of other tests
        recorder.storage.delete(uri)
    assert recorded(*PACKAGE, "--run-id", "trial-1").status == 0
    ((name, used),) = recorder.pipelines.jobs.items()
    vertex.PipelineJob.pb(used).pipeline_spec["pipelineInfo"]["name"] = "another-pipeline"
    for number in range(1001):
        ended = vertex.PipelineJob(name=f"{name}-{number}", end_time=used.create_time)
        recorder.pipelines.jobs[ended.name] = ended
    assert recorded("clean", "--older-than", "0d", "--yes").stdout == "no unused packages\n"
    assert any(uri.endswith(".whl") for uri in recorder.storage.uris(packages))
    assert len(recorder.calls("ListPipelineJobs")) == 11


@pytest.mark.parametrize("says_where", [True, False])
def test_clean_looks_in_every_region_that_used_a_package(
    recorder: Cloud, recorded: Shell, says_where: bool
) -> None:
    """A package that does not say where it was used may be of any region."""
    packages = f"gs://{BUCKET}/tabular/packages/"
    schedule = ["schedule", "apply", "nightly", *PACKAGE[1:], "--cron", "0 3 * * *"]
    assert recorded(*schedule).status == 0
    uris = recorder.storage.uris(packages)
    if not says_where:
        for uri in [uri for uri in uris if not uri.endswith(".whl")]:
            recorder.storage.delete(uri)
    clean = ["clean", "--older-than", "0d", "--yes", "--region", "europe-west4"]
    assert recorded(*clean).stdout == "no unused packages\n"
    assert recorder.storage.uris(packages)
    recorder.schedules.schedules.clear()
    assert recorded(*clean).stdout.startswith(f"deleted {packages}")
    assert recorder.storage.uris(packages) == []


def test_clean_deletes_nothing_where_it_cannot_look(recorder: Cloud, recorded: Shell) -> None:
    assert recorded(*PACKAGE).status == 0
    recorder.pipelines.jobs.clear()
    packages = f"gs://{BUCKET}/tabular/packages/"
    (wheel,) = [uri for uri in recorder.storage.uris(packages) if uri.endswith(".whl")]
    foreign = f"{wheel.rpartition('/')[0]}/used-in/other-project/us-east1"
    recorder.storage.write(foreign, b"1")
    refused = recorded("clean", "--older-than", "0d", "--yes")
    recorder.storage.delete(foreign)
    assert refused.status == 1
    assert "got other-project us-east1: cannot list the schedules: Permission" in refused.error
    assert refused.error.endswith("; nothing is deleted")
    assert wheel in recorder.storage.uris(packages)


def test_the_same_package_is_uploaded_once(recorder: Cloud, recorded: Shell) -> None:
    assert recorded(*PACKAGE, "--run-id", "trial-1").status == 0
    recorder.storage_calls.clear()
    assert recorded(*PACKAGE, "--run-id", "trial-2").status == 0
    assert "POST" not in {method for method, _ in recorder.storage_calls}


def test_config_shows_each_value_and_its_origin(recorder: Cloud, recorded: Shell) -> None:
    lines = [line.split() for line in recorded("config").stdout.splitlines()]
    assert ["project", "loopback-project", "TABPIPE_PROJECT"] in lines
    assert ["region", "us-central1", "default"] in lines


def test_local_commands_need_no_project(tmp_path: Path, recorded: Shell) -> None:
    result = recorded("runs", "--root", str(tmp_path), "--project", "")
    assert result.stdout == f"no runs in {tmp_path}; no project is set\n"

"""The stand-in for GCPC's launcher: real processes, with the environment that Vertex documents."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

REPORT = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open(sys.argv[1], 'w'))"


def launch(
    tmp_path: Path, *pools: dict[str, Any], timeout: str = "60s"
) -> subprocess.CompletedProcess[str]:
    """Runs the launcher as a compiled YAML's step does."""
    job_spec = {
        "worker_pool_specs": list(pools),
        "scheduling": {"timeout": timeout},
        "base_output_directory": {"output_uri_prefix": str(tmp_path / "out")},
    }
    artifact = {"name": "run_directory", "uri": str(tmp_path / "out"), "type": {}}
    outputs = {
        "artifacts": {"run_directory": {"artifacts": [artifact]}},
        "outputFile": str(tmp_path / "executor_output.json"),
    }
    command = [sys.executable, "-m", "pipelines.local.custom_job", "--type", "CustomJob"]
    command += ["--payload", json.dumps({"job_spec": job_spec})]
    command += ["--project", "p", "--location", "l"]
    command += ["--gcp_resources", str(tmp_path / "train" / "gcp_resources")]
    command += ["--executor_input", json.dumps({"outputs": outputs})]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def pool(program: str, *args: str, replicas: int = 1) -> dict[str, Any]:
    container = {"image_uri": "any", "command": ["python", "-c", program], "args": list(args)}
    return {"replica_count": replicas, "container_spec": container, "machine_spec": {}}


def test_a_job_gets_its_arguments_and_vertexs_environment(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert launch(tmp_path, pool(REPORT, str(report), "--epochs=5")).returncode == 0
    args, environment = json.loads(report.read_text())
    base = tmp_path / "out"
    assert args == [str(report), "--epochs=5"]
    assert environment["AIP_MODEL_DIR"] == f"{base}/model/"
    assert environment["AIP_CHECKPOINT_DIR"] == f"{base}/checkpoints/"
    assert environment["AIP_TENSORBOARD_LOG_DIR"] == f"{base}/logs/"
    assert json.loads(environment["CLUSTER_SPEC"])["task"] == {"type": "workerpool0", "index": 0}


def test_it_hands_on_the_run_directory_and_names_the_job(tmp_path: Path) -> None:
    assert launch(tmp_path, pool("pass")).returncode == 0
    output = json.loads((tmp_path / "executor_output.json").read_text())
    assert output["artifacts"]["run_directory"]["artifacts"][0]["uri"] == str(tmp_path / "out")
    resources = json.loads((tmp_path / "train" / "gcp_resources").read_text())["resources"]
    assert [resource["resourceType"] for resource in resources] == ["CustomJob"]


def test_the_exit_status_of_the_job_is_handed_on(tmp_path: Path) -> None:
    assert launch(tmp_path, pool("raise SystemExit(2)")).returncode == 2
    assert not (tmp_path / "executor_output.json").exists()


def test_nothing_is_installed_in_front_of_the_program(tmp_path: Path) -> None:
    job = pool("print('ran')")
    command = [
        "sh",
        "-c",
        'pip install nothing && exec "$0" "$@"',
        *job["container_spec"]["command"],
    ]
    job["container_spec"]["command"] = command
    result = launch(tmp_path, job)
    assert (result.returncode, result.stdout) == (0, "ran\n")


def test_every_replica_knows_the_whole_cluster(tmp_path: Path) -> None:
    # Each replica writes its own report; the primary waits until all three are there.
    program = (
        "import glob, json, os, sys, time\n"
        "spec = json.loads(os.environ['CLUSTER_SPEC']); task = spec['task']\n"
        "name = f\"{sys.argv[1]}/{task['type']}-{task['index']}.json\"\n"
        "json.dump(spec, open(name + '.part', 'w')); os.rename(name + '.part', name)\n"
        "while len(glob.glob(sys.argv[1] + '/*.json')) < 3: time.sleep(0.01)\n"
    )
    reports = tmp_path / "reports"
    reports.mkdir()
    args = (program, str(reports))
    assert launch(tmp_path, pool(*args), pool(*args, replicas=2)).returncode == 0
    names = {"workerpool0-0.json", "workerpool1-0.json", "workerpool1-1.json"}
    assert {path.name for path in reports.iterdir()} == names
    clusters = [json.loads((reports / name).read_text())["cluster"] for name in names]
    assert clusters[0] == clusters[1] == clusters[2]
    addresses = clusters[0]["workerpool0"] + clusters[0]["workerpool1"]
    assert len(set(addresses)) == 3


@pytest.mark.parametrize(
    ("primary", "worker", "status"),
    [
        ("pass", "import time; time.sleep(60)", 0),  # the primary's success is the job's
        ("import time; time.sleep(60)", "raise SystemExit(3)", 3),  # a worker's failure as well
    ],
)
def test_no_replica_outlives_the_job(
    tmp_path: Path, primary: str, worker: str, status: int
) -> None:
    mark = str(tmp_path)
    assert launch(tmp_path, pool(primary, mark), pool(worker, mark)).returncode == status
    everything = psutil.process_iter(["cmdline"])
    assert not [process for process in everything if mark in (process.info["cmdline"] or [])]


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    result = launch(tmp_path, pool("import time; time.sleep(60)"), timeout="0.1s")
    assert result.returncode == 124
    assert "error: the job must end within 0.1 s; stopped it" in result.stdout

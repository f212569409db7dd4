"""The compiled YAML on this machine: what a run leaves, how it fails, how it is stopped."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from components.code import Code
from pipelines import training
from pipelines.local import run as local
from pipelines.local.custom_job import command_of
from pipelines.local.processes import processes_of, stopped_with_this_process
from pipelines.local.records import PIPELINE, local_log, local_record
from pipelines.local.rewriting import rewrite
from pipelines.project.sample import sample_schema
from pipelines.request import RunRequest
from pipelines.steps import in_order
from trainer.contract import check_manifest
from trainer.errors import InputError, TabularError
from vertex_tabular.run.record import Run

pytestmark = pytest.mark.slow

REMOVE_THE_RUN = """
import os, pathlib, shutil, sys
shutil.rmtree(pathlib.Path(os.environ["AIP_MODEL_DIR"]).parents[2])
sys.exit(1)
"""
KILL = "import os, psutil, time;"
STEPS = ["snapshot", "preprocess", "train", "collect"]


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(training.compiled(Code.in_image("registry/image:1")))
    return content


def test_steps_come_after_those_they_depend_on(spec: dict[str, Any]) -> None:
    assert in_order(spec["root"]["dag"]["tasks"]) == STEPS


def test_rewriting_changes_commands_only(spec: dict[str, Any]) -> None:
    rewritten = rewrite(spec, "code")
    assert rewritten["components"] == spec["components"]
    assert rewritten["root"]["inputDefinitions"] == spec["root"]["inputDefinitions"]
    assert "pipeline_google_cloud" not in json.dumps(rewritten)
    assert "launcher" not in json.dumps(rewritten["deploymentSpec"])


def test_nothing_is_installed_on_this_machine() -> None:
    spec = yaml.safe_load(training.compiled(Code.in_package("gs://bucket/tabular-1-any.whl")))
    assert "pip install" in json.dumps(spec)
    executors = rewrite(spec, "code")["deploymentSpec"]["executors"]
    commands = [executor["container"]["command"] for executor in executors.values()]
    assert "pip install" not in json.dumps(commands)
    # The job's own command is in its payload, and stripped where it starts.
    installing = [
        "sh",
        "-c",
        'python -m pip install x && exec "$0" "$@"',
        "python",
        "-m",
        "trainer",
    ]
    pool = {"container_spec": {"command": installing, "args": ["--epochs=1"]}}
    assert command_of(pool) == [sys.executable, "-m", "trainer", "--epochs=1"]


def test_a_finished_run(finished: tuple[Path, dict[str, Any]]) -> None:
    directory, printed = finished
    assert printed["state"] == "SUCCEEDED"
    assert list(printed["seconds"]) == STEPS
    assert printed["metrics"]["validation_accuracy"] > 0.7
    assert set(printed["artifacts"]) == set(training.Results._fields)
    for name, path in printed["artifacts"].items():
        assert Path(path).exists(), name
        page = [directory / "profile.html"] if name == "profile" else []  # links to the report
        assert Path(path).relative_to(directory).parts[0] in STEPS or Path(path) in page
    assert "model.pt" in check_manifest(Path(printed["artifacts"]["run_directory"]))
    assert json.loads((directory / "run.json").read_text()) == printed
    assert yaml.safe_load((directory / PIPELINE).read_text())["root"]
    assert sorted(path.stem for path in (directory / "steps").glob("*.log")) == sorted(STEPS)


def request_of(compiled: str, csv: Path) -> RunRequest:
    """A request of a YAML of the test's own; its values are those of the sample."""
    return RunRequest(compiled, {"csv": str(csv), "schema": sample_schema()}, {})


def unwatched(*_: object) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def broken(spec: dict[str, Any], program: str) -> str:
    """The YAML with another program as its training job."""
    container = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    old = '["python", "-m", "trainer"]'
    payload = container["args"].index("--payload") + 1
    assert old in container["args"][payload]
    command = json.dumps(["python", "-c", program])
    args = [*container["args"]]
    args[payload] = args[payload].replace(old, command)
    copy = json.loads(json.dumps(spec))
    copy["deploymentSpec"]["executors"]["exec-train"]["container"]["args"] = args
    return yaml.safe_dump(copy)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ("print('out of', 'luck'); raise SystemExit(1)", "train failed: out of luck"),
        ("pass", "has no manifest.json: its run did not finish; job: "),
        (
            "import os; print('epoch 58', flush=True); os.kill(os.getpid(), 9)",
            "train was killed by signal 9 (out of memory?)",
        ),
        (
            "import os; os.kill(os.getpid(), 11)",
            "train was killed by signal 11 (a fault in a compiled library?)",
        ),
        (REMOVE_THE_RUN, "a run's directory must stay while it runs, got "),
        # What starts the program is killed, and what records its end.
        (f"{KILL} os.kill(os.getppid(), 9); time.sleep(600)", "train was killed by signal 9"),
        (
            f"{KILL} psutil.Process(os.getppid()).parent().kill(); time.sleep(600)",
            "train was killed by signal 9",
        ),
    ],
)
def test_a_step_that_fails_is_named_with_its_last_line(
    spec: dict[str, Any], tmp_path: Path, program: str, complaint: str
) -> None:
    csv = tmp_path / "sample.csv"
    assert not subprocess.call([sys.executable, "-m", "pipelines", "sample", str(csv)])
    directory = local.new_run_directory(tmp_path)
    with pytest.raises(TabularError) as failure:
        local.run(request_of(broken(spec, program), csv), directory, watch=unwatched)
    assert complaint in str(failure.value)
    assert "\n" not in str(failure.value) and "\x1b" not in str(failure.value)
    assert not processes_of(directory)
    if program == REMOVE_THE_RUN:
        assert not (directory / "run.json").exists()
        return
    if "killed by" in complaint and (directory / "steps" / "train.json").stat().st_size > 80:
        assert local_log(directory, "train")[-1].startswith("killed by signal ")
        assert local_record(directory).error == complaint
    record = json.loads((directory / "run.json").read_text())
    assert (record["state"], record["error"]) == ("FAILED", str(failure.value))


def test_an_input_that_vanishes_fails_the_first_step(spec: dict[str, Any], tmp_path: Path) -> None:
    directory = local.new_run_directory(tmp_path)
    request = request_of(yaml.safe_dump(spec), tmp_path / "gone.csv")
    with pytest.raises(InputError, match="^snapshot failed: an input must be a file, got "):
        local.run(request, directory, watch=unwatched)


def tabpipe_cancel(record: Path) -> "subprocess.CompletedProcess[str]":
    run = record.parent
    command = [sys.executable, "-m", "pipelines", "cancel", run.name, "--root", str(run.parent)]
    return subprocess.run(command, capture_output=True, text=True)


# tabpipe cancel sends SIGTERM.
@pytest.mark.parametrize("stop", [signal.SIGINT, "tabpipe cancel", signal.SIGHUP])
def test_stopping_a_run_ends_every_process_it_started(tmp_path: Path, stop: int | str) -> None:
    settings = ["--set", "epochs=100000000", "--set", "patience=100000000"]
    command = [sys.executable, "-m", "pipelines", "run", "--sample", *settings]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores SIGINT, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    started: list[psutil.Process] = []
    try:
        wait_for(lambda: any(is_trainer(process) for process in descendants(run.pid)))
        started = descendants(run.pid)
        (record,) = tmp_path.glob("runs/*/run.json")
        if isinstance(stop, int):
            run.send_signal(stop)
        else:
            assert tabpipe_cancel(record).returncode == 0
        _, stderr = run.communicate(timeout=30)
        assert not [process for process in started if process.is_running()]
    finally:
        for process in [psutil.Process(run.pid), *started] if run.poll() is None else started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        run.communicate()
    assert run.returncode == 130
    stopped = f"interrupted: stopped {record.parent.name} and all its processes"
    assert stopped in stderr and "Traceback" not in stderr
    assert stderr.endswith(f"done: tabpipe run --resume {record.parent.name}\n")
    assert json.loads(record.read_text())["state"] == "CANCELLED"


@pytest.fixture
def other() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of somebody else's, which the test ends."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_run_ends_no_process_that_was_there_before(
    tmp_path: Path, other: "subprocess.Popen[bytes]"
) -> None:
    with stopped_with_this_process(tmp_path):
        shell = subprocess.Popen(["sh", "-c", "sleep 600 & wait"])
        wait_for(lambda: descendants(shell.pid))
        started = [psutil.Process(shell.pid), *descendants(shell.pid)]
    assert not [process for process in started if process.is_running()]
    assert other.poll() is None
    shell.wait()


@pytest.mark.parametrize(("state", "ended"), [("RUNNING", "KILLED"), ("SUCCEEDED", "SUCCEEDED")])
def test_cancel_ends_no_process_but_that_of_the_run(
    tmp_path: Path, other: "subprocess.Popen[bytes]", state: str, ended: str
) -> None:
    started = psutil.Process(other.pid).create_time()
    # A run that has ended has this one's id, or one that was killed had it long ago.
    when = started - 3600 if state == "RUNNING" else started
    Run("one", state, process=other.pid, process_started=when).save(tmp_path)
    assert local.cancel(tmp_path) == ended
    assert other.poll() is None


def is_trainer(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return "trainer" in process.cmdline()
    return False


def descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)

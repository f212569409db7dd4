"""A step that fails, and a run that is stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from kfp import dsl

from pipelines.local.processes import processes_of
from pipelines.local.records import local_record
from tests.pipelines.local.graph.components_to_run import break_down, double, end, say
from tests.pipelines.local.graph.conftest import Compiled, RunPipeline
from trainer.errors import TabularError
from vertex_tabular.run.find import local_runs
from vertex_tabular.run.record import load

SECONDS = 60


def states(root: Path) -> dict[str, str]:
    """What has become of each step of the only run."""
    (run,) = local_runs(root)
    return {step.name: step.state for step in local_record(root / run).steps}


def test_what_depends_on_a_failed_step_is_skipped_and_all_else_runs(
    run: RunPipeline, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def failing():  # type: ignore[no-untyped-def]
        broken = break_down(why="too many passengers")
        say(text=broken.output)
        double(number=2)

    with pytest.raises(TabularError, match="break-down failed: ValueError: too many passengers"):
        run(failing)
    assert states(tmp_path / "runs") == {
        "break-down": "FAILED",
        "double": "SUCCEEDED",
        "say": "SKIPPED",
    }
    (name,) = local_runs(tmp_path / "runs")
    record = load(tmp_path / "runs" / name)
    assert (record.state, record.error) == (
        "FAILED",
        "break-down failed: ValueError: too many passengers",
    )
    assert "\n  ValueError: too many passengers\n" in capfd.readouterr().err  # the end of its log


@pytest.mark.parametrize("why", ["", "no boats"])
def test_an_exit_handler_runs_whatever_has_happened(
    run: RunPipeline, tmp_path: Path, why: str
) -> None:
    def handled(path: str, why: str):  # type: ignore[no-untyped-def]
        with dsl.ExitHandler(end(path=path)), dsl.If(why != ""):
            broken = break_down(why=why)
            say(text=broken.output)

    path = tmp_path / "end.txt"
    if not why:
        run(handled, path=str(path), why=why)
        assert path.read_text() == "SUCCEEDED exit-handler-1 None"
        return
    with pytest.raises(TabularError, match="ValueError: no boats"):
        run(handled, path=str(path), why=why)
    assert path.read_text().startswith("FAILED exit-handler-1 ")
    assert path.read_text().endswith("failed: ValueError: no boats")


def test_a_step_that_ignores_failures_runs(run: RunPipeline, tmp_path: Path) -> None:
    def ignoring():  # type: ignore[no-untyped-def]
        broken = break_down(why="x")
        say(text="after").after(broken).ignore_upstream_failure()

    with pytest.raises(TabularError):
        run(ignoring)
    assert states(tmp_path / "runs")["say"] == "SUCCEEDED"


def test_a_step_with_retries_runs_again(run: RunPipeline, tmp_path: Path) -> None:
    @dsl.component(base_image="python:3.11")
    def second_time(path: str) -> str:
        import os

        if not os.path.exists(path):
            open(path, "w").close()
            raise ValueError("the first time")
        return "well"

    def retried(path: str) -> str:
        return second_time(path=path).set_retry(2, backoff_duration="0s").output  # type: ignore[no-any-return]

    assert run(retried, path=str(tmp_path / "mark")).outputs == {"Output": "well"}


def test_the_items_of_a_loop_must_be_a_list(run: RunPipeline) -> None:
    @dsl.component(base_image="python:3.11")
    def unlisted(text: dsl.OutputPath(list)):  # type: ignore[valid-type, no-untyped-def]
        with open(text, "w") as file:
            file.write('{"a": 1}')

    def looping():  # type: ignore[no-untyped-def]
        with dsl.ParallelFor(unlisted().outputs["text"]) as item:
            say(text=item)

    with pytest.raises(TabularError, match='must be a list, got {"a": 1}'):
        run(looping)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_run_that_is_stopped(
    compiled: Compiled, tmp_path: Path, number: int
) -> None:
    @dsl.component(base_image="python:3.11")
    def sleep(seconds: int):  # type: ignore[no-untyped-def]
        import time

        time.sleep(seconds)

    def sleeping():  # type: ignore[no-untyped-def]
        with dsl.ParallelFor([600, 601]) as seconds:
            sleep(seconds=seconds)

    command = [sys.executable, "-m", "pipelines", "run", str(compiled(sleeping))]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    root, until = tmp_path / "runs", time.monotonic() + SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(IndexError, OSError):
            if len(list((root / local_runs(root)[0] / "steps").glob("*.tmp/tmp.*"))) == 2:
                break
        time.sleep(0.1)
    (name,) = local_runs(root)
    assert processes_of((root / name).resolve())
    os.kill(process.pid, number)
    status = process.wait(SECONDS)
    while time.monotonic() < until and processes_of((root / name).resolve()):
        time.sleep(0.1)
    assert not processes_of((root / name).resolve())
    assert not psutil.pid_exists(process.pid)
    assert (status, load(root / name).state) == (
        (-number, "KILLED") if number == signal.SIGKILL else (130, "CANCELLED")
    )

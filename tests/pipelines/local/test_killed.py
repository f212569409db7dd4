"""A run whose processes are killed: nothing outlives it, its state says so, and it can go on to the
same model, byte for byte.

make chaos        40 kills of the whole tree of processes, and 10 of `tabpipe run` alone;
                  `make test` has a handful
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from components.code import Code
from pipelines import training
from pipelines.local.processes import MARK, processes_of
from pipelines.local.records import PIPELINE
from pipelines.local.step_records import read_record
from trainer.contract import check_manifest
from vertex_tabular.run.find import local_runs
from vertex_tabular.run.record import Run, load

pytestmark = pytest.mark.slow

STEPS = ["snapshot", "preprocess", "train", "collect"]
SECONDS_TO_END = 2
NO_PROCESS = 2**22 + 1  # beyond the highest id


class Runs:
    """`tabpipe` in a directory of the test's own, with a temporary directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.temporary = directory, directory / "tmp"
        self.temporary.mkdir(parents=True)
        self.root = directory / "runs"
        self.environ = {**os.environ, "TMPDIR": str(self.temporary), "OMP_NUM_THREADS": "1"}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", *arguments],
            cwd=self.directory,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return output

    @property
    def newest(self) -> Path | None:
        ids = local_runs(self.root)
        return self.root / ids[0] if ids else None

    def is_killed(self) -> bool:
        return self.newest is not None and load(self.newest).state == "KILLED"

    def left(self) -> list[psutil.Process]:
        """The processes of all runs."""
        return [each for id in local_runs(self.root) for each in processes_of(self.root / id)]

    def place(self, process: "subprocess.Popen[str]") -> str:
        """How far a run is: the step that it is in or before, or `start` or `end`."""
        if not self.newest or load(self.newest).process != process.pid:
            return "start"
        for step in STEPS:
            if "seconds" not in (record := read_record(self.newest, step)):
                return step if record or step != STEPS[0] else "start"
        return "end"

    def wait_until(self, place: str, process: "subprocess.Popen[str]") -> None:
        """Waits until a run is in a step, or beyond it, or at an end."""
        places = ["start", *STEPS, "end"]
        wait_for(
            lambda: (
                process.poll() is not None
                or places.index(self.place(process)) >= places.index(place)
            )
        )


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "there")


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def tree_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        this = psutil.Process(process.pid)
        return [this, *this.children(recursive=True)]
    return []


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() for process in processes if not is_zombie(process))


def is_zombie(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize("program", ["the trainer", "preprocessing"])
def test_the_steps_of_a_killed_run_end(runs: Runs, program: str) -> None:
    forever = ["--set", "epochs=100000000", "--set", "patience=100000000"]
    run = runs.start("run", "--sample", *forever)
    word = "trainer" if program == "the trainer" else "--executor_input"
    started: list[psutil.Process] = []

    def is_there() -> bool:
        started[:] = tree_of(run)
        lines = []
        for process in started[1:]:
            with contextlib.suppress(psutil.Error):
                lines += process.cmdline()
        return word in lines and len(started) >= 3

    try:
        wait_for(is_there)
        os.kill(run.pid, 9)
        run.wait()
        wait_for(lambda: all_gone(started), SECONDS_TO_END)
    finally:
        kill(started)
        run.communicate()
    assert runs.newest
    _, line = runs("runs").splitlines()
    assert line.split()[-1] == "KILLED"
    shown = runs("show", runs.newest.name)
    assert shown.splitlines()[0].split() == [runs.newest.name, "KILLED"]
    assert "RUNNING" not in shown
    assert json.loads(runs("show", "--json", runs.newest.name))["state"] == "KILLED"


def test_cancel_ends_what_a_killed_run_has_left(runs: Runs) -> None:
    """A process that outlived the run, and the guard of the run too."""
    directory = runs.root / "one"
    directory.mkdir(parents=True)
    Run("one", process=NO_PROCESS).save(directory)
    (directory / PIPELINE).write_text(training.compiled(Code.in_image("registry/image:1")))
    environ = {**os.environ, MARK: f"{NO_PROCESS}:{directory}"}
    with subprocess.Popen(["sh", "-c", "sleep 600; true"], env=environ) as left:
        try:
            wait_for(lambda: len(processes_of(directory)) == 2)
            assert "one is being cancelled" in runs("cancel", "one")
            assert left.wait(1) and not processes_of(directory)
        finally:
            left.kill()
    assert runs("cancel", "one") == "one has ended: KILLED\n"


def survives(directory: Path, kills: int, alone: bool) -> str:
    """Starts, kills and resumes runs until `kills` of them were killed, each finished one compared
    with an undisturbed one; says where they were killed.

    Args:
        directory: empty.
        kills: how many.
        alone: whether `tabpipe run` is killed alone, or each of its processes.
    """
    whole_runs, runs = Runs(directory / "whole"), Runs(directory / "killed")
    settings = ("--set", "epochs=300", "--set", "patience=300")
    whole = json.loads(whole_runs("run", "--sample", "--json", *settings))
    seconds = {"start": 1.0, **whole["seconds"], "end": 0.2}
    moments = random.Random(7)
    killed: Counter[str] = Counter()
    targets: list[str] = []  # where the run of the moment is still to be killed
    finished, slowest = 0, 0.0
    while killed.total() < kills or runs.is_killed():
        if not runs.is_killed():
            targets = moments.sample(list(seconds), moments.randint(1, 4))
            targets.sort(key=list(seconds).index)
        arguments = (
            ("run", "--resume", "latest") if runs.is_killed() else ("run", "--sample", *settings)
        )
        process = runs.start(*arguments)
        if targets and killed.total() < kills:
            target = targets.pop(0)
            runs.wait_until(target, process)
            time.sleep(moments.uniform(0, seconds[target]))
            where, tree = runs.place(process), tree_of(process)
            if process.poll() is None:
                began = time.monotonic()
                kill(tree[:1] if alone else tree)
                process.communicate()
                wait_for(lambda: not runs.left(), SECONDS_TO_END)
                slowest = max(slowest, time.monotonic() - began)
                killed[where] += 1
                continue
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors
        assert runs.newest
        compare(runs.newest, Path(whole["artifacts"]["run_directory"]))
        finished += 1
    for each in (runs, whole_runs):
        assert [*each.temporary.iterdir()] == []
    assert kills < 40 or killed.keys() == seconds.keys()
    places = ", ".join(f"{killed[place]} in {place}" for place in seconds if killed[place])
    return (
        f"{killed.total()} kills of {'tabpipe run alone' if alone else 'the whole tree'} "
        f"({places}); {finished} runs ended with the same model.pt; "
        f"no process left after {slowest:.2f} s"
    )


def compare(run: Path, whole: Path) -> None:
    """A run that went on left what the undisturbed one did, and nothing else."""
    assert load(run).state == "SUCCEEDED"
    made = run / "train" / "run_directory"
    check_manifest(made)
    for name in ("model.pt", "weights.npz", "val_predictions.npz"):
        assert (made / name).read_bytes() == (whole / name).read_bytes(), name
    left = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    expected = {str(p.relative_to(whole.parents[1])) for p in whole.parents[1].rglob("*")}
    extra = {name for name in left - expected if "/checkpoints/" not in name}
    assert extra <= {".lock"}, extra


def test_a_handful_of_kills(tmp_path: Path) -> None:
    survives(tmp_path, kills=4, alone=False)


@pytest.mark.chaos
@pytest.mark.parametrize(("kills", "alone"), [(40, False), (10, True)])
def test_many_kills(
    kills: int, alone: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = survives(tmp_path, kills, alone)
    with capsys.disabled():
        print(f"\n{told}")

"""`tabpipe predict` and `tabpipe evaluate` as a user runs them, on a run of the whole pipeline."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.project.sample import sample_schema
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.reading import read_checked
from vertex_tabular.preprocessing.splits import VAL
from vertex_tabular.preprocessing.splitters import make_splitter
from vertex_tabular.schema.parse import parse_schema

pytestmark = pytest.mark.slow

Finished = tuple[Path, dict[str, Any]]
Command = Callable[..., "subprocess.CompletedProcess[str]"]
STATUS = Path("/proc/self/status")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs one of the two commands in a directory of the test's own."""

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "pipelines", *arguments]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return call


@pytest.fixture
def run(finished: Finished) -> list[str]:
    directory = finished[0]
    return [directory.name, "--root", str(directory.parent)]


@pytest.fixture
def sample(finished: Finished) -> Path:
    return finished[0].parent / "sample.csv"


def validation_rows(sample: Path) -> Any:
    """The numbers of the rows that validated, in the order of val_predictions.npz."""
    schema = parse_schema(sample_schema())
    splitter = make_splitter(schema, PrepareConfig())
    return splitter.split(read_checked(str(sample), schema))[VAL]


def long_table(sample: Path, path: Path, times: int) -> None:
    """The sample's rows so many times over."""
    header, _, rows = sample.read_bytes().partition(b"\n")
    path.write_bytes(header + b"\n" + rows * times)


def test_answers_are_trainings(
    command: Command, run: list[str], sample: Path, finished: Finished, tmp_path: Path
) -> None:
    new = pd.read_csv(sample).drop(columns="Survived")
    new.to_csv(tmp_path / "new.csv", index=False)
    keys = ["--key", "PassengerId", "--key", "Name"]
    result = command("predict", *run, "new.csv", "--out", "out.csv", *keys)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{len(new)} rows written to out.csv; probability: that Survived is 1\n"
    answers = pd.read_csv(tmp_path / "out.csv")
    assert list(answers) == ["PassengerId", "Name", "class", "probability"]
    assert answers["PassengerId"].tolist() == new["PassengerId"].tolist()
    assert answers["Name"].tolist() == new["Name"].tolist()
    with np.load(finished[1]["artifacts"]["classification_metrics"]) as arrays:
        recorded = arrays["probability"]
    chosen = answers.iloc[validation_rows(sample)]
    np.testing.assert_allclose(chosen["probability"], recorded, rtol=0, atol=1e-6)
    assert chosen["class"].tolist() == (recorded > 0.5).astype(int).tolist()


def test_the_validation_rows_have_the_runs_figures(
    command: Command, run: list[str], sample: Path, finished: Finished, tmp_path: Path
) -> None:
    header, *lines = sample.read_text().splitlines()
    chosen = [lines[row] for row in validation_rows(sample)]
    (tmp_path / "labelled.csv").write_text("\n".join([header, *chosen]))
    result = command("evaluate", *run, "labelled.csv", "--json", "--html", "page.html")
    assert result.returncode == 0, result.stderr
    printed = json.loads(result.stdout)
    assert printed["rows"] == len(chosen)
    metrics = printed["metrics"]
    recorded = finished[1]["metrics"]
    named = {f"validation_{name}": value for name, value in metrics.items()}
    assert named == pytest.approx({name: recorded[name] for name in named}, rel=1e-5)
    assert len(named) == len(recorded) - 1  # best_epoch is the other one
    assert f"{len(chosen)} labelled rows" in (tmp_path / "page.html").read_text()


def test_filled_and_unseen_values_are_a_line_each(
    command: Command, finished: Finished, sample: Path, tmp_path: Path
) -> None:
    """The run directory itself, such as `tabpipe fetch` makes, does as well as the run's id."""
    run = [finished[1]["artifacts"]["run_directory"]]
    new = pd.read_csv(sample)
    new.loc[:2, "Embarked"] = ["Belfast", "Le Havre", None]
    new.loc[:6, "Age"] = None
    new = new[:7]
    new.to_csv(tmp_path / "new.csv", index=False)
    result = command("predict", *run, "new.csv", "--out", "out.csv")
    assert result.returncode == 0
    missing, unseen, *_ = result.stderr.splitlines()
    assert missing.startswith("missing: Age in 7, Embarked in ")
    assert unseen.startswith("unseen: Embarked in 2 of 7 rows; ")


def test_drift_is_a_line(command: Command, run: list[str], sample: Path, tmp_path: Path) -> None:
    new = pd.read_csv(sample).drop(columns="Survived")
    for name, text in (
        ("same.csv", ""),
        ("new.csv", "drifted: Embarked 8.11, Age 0.53; a population stability index of 0.25 "),
    ):
        new.to_csv(tmp_path / name, index=False)
        result = command("predict", *run, name, "--out", "out.csv")
        assert result.returncode == 0
        said = [line for line in result.stderr.splitlines() if line.startswith("drifted")]
        assert len(said) == (1 if text else 0)
        assert not text or said[0].startswith(text)
        new["Age"] += 8
        new["Embarked"] = "Q"


def test_bad_input_is_one_line_and_status_2(
    command: Command, run: list[str], sample: Path, tmp_path: Path
) -> None:
    pd.read_csv(sample).drop(columns=["Fare", "Survived"]).to_csv(tmp_path / "few.csv")
    to = [str(sample), "--out", "out.csv"]
    for arguments, said in (
        (["predict", "absent", *to], "a run must be one in runs (its id, "),
        (["predict", *run, "few.csv", "--out", "out.csv"], "column Fare must be there"),
        (["predict", *run, *to, "--key", "absent"], "column absent must be there"),
        (["evaluate", *run, "absent.csv"], "there is no such file"),
    ):
        result = command(*arguments)
        assert result.returncode == 2
        assert result.stderr.startswith("error: ") and said in result.stderr
        assert result.stderr.count("\n") == 1 and not result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["few.csv"]


def test_killed_half_way_it_leaves_no_answers(run: list[str], sample: Path, tmp_path: Path) -> None:
    long_table(sample, tmp_path / "long.csv", 600)
    arguments = ["predict", *run, "long.csv", "--out", "out.csv"]
    process = subprocess.Popen([sys.executable, "-m", "pipelines", *arguments], cwd=tmp_path)
    try:
        while not list(tmp_path.glob(".out.csv.*")):
            assert process.poll() is None
            time.sleep(0.001)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.skipif(not STATUS.is_file(), reason="the peak is read from Linux's /proc")
def test_memory_does_not_grow_with_the_rows(run: list[str], sample: Path, tmp_path: Path) -> None:
    peaks = []
    for times in (400, 1600):
        long_table(sample, tmp_path / "long.csv", times)
        arguments = [*run, "long.csv", "--out", "out.csv", "--key", "PassengerId"]
        # Not ru_maxrss, which a process has from the one that started it.
        program = (
            f"import atexit\natexit.register(lambda: print(open('{STATUS}').read()))\n"
            "from pipelines.cli.app import main\nmain()"
        )
        line = [sys.executable, "-c", program, "predict", *arguments]
        result = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        peaks += [int(kib) for kib in re.findall(r"VmHWM:\s+(\d+) kB", result.stdout)]
    assert peaks[1] - peaks[0] < 35_000  # KiB; the table has 68 MB more, and the answers 20

"""What a run shows while it runs, on a terminal and elsewhere."""

import io
import json
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.local import progress
from tests.pipelines.terminal import on_terminal
from trainer import contract

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LINE = {
    "epoch": 1200,
    "epochs": 3000,
    "train_loss": 0.34567,
    "validation_loss": 0.4567,
    "best_loss": 0.45,
    "best_epoch": 1100,
    "seconds": 0.01,
}
SAID = (
    "epoch 1,200 of at most 3,000, train loss 0.3457, validation 0.4567, best 0.4500 at 1,100, "
    "at most 18.0 s left"
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that trains: two steps, of which the second has begun."""
    (tmp_path / "steps").mkdir()
    done = {"started": time.time() - 2, "log_start": 0, "seconds": 1.5, "status": 0}
    (tmp_path / "steps" / "preprocess.json").write_text(json.dumps(done))
    begun = {"started": time.time(), "log_start": 0}
    (tmp_path / "steps" / "train.json").write_text(json.dumps(begun))
    directory = tmp_path / "train" / "run_directory"
    directory.mkdir(parents=True)
    (directory / contract.PROGRESS).write_text(json.dumps(LINE) + "\n")
    return tmp_path


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_table_has_the_progress_and_fits(run: Path, width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(progress.table(run, ["preprocess", "train", "collect"]))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert SAID in " ".join(" ".join(lines[2:-1]).split())
    assert "preprocess" in lines[0] and "collect" in lines[-1]


def test_elsewhere_it_is_a_line_now_and_then(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.15)
    with progress.watch(run, ["preprocess", "train"]):
        time.sleep(0.6)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "preprocess: done in 1.5 s"
    assert set(lines[1:]) == {f"train: {SAID}"}
    assert len(lines) == 2  # said once, for it does not move


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 100])
def test_on_a_terminal_it_is_drawn_anew(columns: int, tmp_path: Path) -> None:
    settings = ["--set", "model=mlp", "--set", "epochs=1500", "--set", "patience=0"]
    drawn = "\n".join(on_terminal(columns, tmp_path, "run", "--sample", *settings))
    lines = ANSI.sub("", drawn).replace("\r", "\n").split("\n")
    ended = next(number for number, line in enumerate(lines) if line.startswith("run "))
    assert max(map(len, lines[:ended])) <= columns
    text = "\n".join(lines)
    assert len(set(re.findall(r"epoch ([\d,]+) of", text))) > 3
    assert "✓  collect" in text
    assert "The model predicts the right class of" in text

"""What a report says of the epochs is what eval_history.csv and metrics.json say."""

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vertex_tabular.report.conftest import Made
from trainer import contract
from trainer.__main__ import main
from vertex_tabular.report.page import write_report
from vertex_tabular.run.directory import RunDirectory

RUNS = {
    "early stop": ["--epochs=400", "--patience=5", "--min_delta=0"],
    "early stop with the usual min_delta": ["--epochs=400", "--patience=5"],
    "early stop with min_delta": ["--epochs=400", "--patience=12", "--min_delta=0.02"],
    "min_delta, all epochs": ["--epochs=40", "--patience=40", "--min_delta=0.1"],
    "restore_best off, early stop": ["--epochs=400", "--patience=5", "--restore_best=false"],
    "selects nothing": ["--epochs=60", "--patience=0", "--restore_best=false"],
    "an ensemble": ["--epochs=4", "--model=ensemble"],
    "auto": ["--epochs=3", "--model=auto", "--budget=0.1"],
    "one epoch": ["--epochs=1"],
    "no patience": ["--epochs=60", "--patience=0"],
    "the first is lowest": ["--epochs=9", "--patience=3", "--learning_rate=3"],
}
NUMBER = r"([0-9.,\u2212e\u2013]+[0-9])"


def number(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


def shown(value: float) -> Any:
    return pytest.approx(value, rel=6e-4, abs=1e-9)


def said_in(page: str, pattern: str) -> tuple[str, ...]:
    (found,) = {match.groups() for match in re.finditer(pattern, page)}
    return found


@pytest.mark.parametrize("name", RUNS)
def test_the_sentences_are_true(name: str, runs: dict[str, Made], tmp_path: Path) -> None:
    made, out = runs["binary"], tmp_path / "report.html"
    arrays = ["--train", made.arrays["train_data"], "--val", made.arrays["val_data"]]
    flags = ["--learning_rate=0.03", f"--model_out={tmp_path / 'run'}", *RUNS[name]]
    assert main([*arrays, *flags]) == 0
    write_report(RunDirectory(str(tmp_path / "run")), str(out), **made.arrays)
    page = html.unescape(re.sub(r"<[^>]+>", " ", out.read_text())).replace("\u00a0", " ")

    with open(tmp_path / "run" / contract.HISTORY, newline="") as file:
        history = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    metrics = json.loads((tmp_path / "run" / contract.METRICS).read_bytes())
    settings = metrics["hyperparameters"]
    losses = [row["validation_loss"] for row in history]

    ran, lowest, epoch, train_loss = said_in(
        page,
        rf"Training ran for (\d+) epochs?\. The validation loss was lowest, {NUMBER}, at epoch "
        rf"(\d+), where the training loss was {NUMBER}\.",
    )
    assert int(ran) == len(history) == metrics["epochs"]
    assert number(lowest) == shown(min(losses))
    assert losses[int(epoch) - 1] == min(losses)
    assert number(train_loss) == shown(history[int(epoch) - 1]["train_loss"])

    # The model's epoch is the one whose loss is the model's own.
    kept, of = map(int, said_in(page, r"epoch (\d+) of (\d+) is kept"))
    assert of == len(history)
    assert losses[kept - 1] == pytest.approx(metrics["validation_loss"], rel=1e-6)
    for text in re.findall(rf"The model is of epoch (\d+), where they were {NUMBER} and", page):
        assert (int(text[0]), number(text[1])) == (kept, shown(losses[kept - 1]))
    assert ("The model is of epoch" in page) == (kept != int(epoch))
    at, score, first = said_in(
        page, rf"At epoch (\d+), of which the model is, it was {NUMBER}; at the first, {NUMBER}\."
    )
    assert int(at) == kept
    assert number(score) == shown(history[kept - 1]["validation_accuracy"])
    assert number(first) == shown(history[0]["validation_accuracy"])
    assert number(score) == shown(metrics["validation_accuracy"])

    stopped = re.search(r"Training stopped after (\d+) epochs? without", page)
    assert (stopped is None) == (len(history) == settings["epochs"])
    assert ("Training ran for all epochs" in page) == (stopped is None)
    step = re.search(r"lower by more than ([0-9.e-]*[0-9])", page)
    assert (float(step[1]) if step else 0) == settings["min_delta"] or not settings["restore_best"]
    best, since, needed = np.inf, 0, float(settings["min_delta"])
    for loss in losses:
        since = 0 if best - loss > needed else since + 1
        best = loss if since == 0 else best
    if stopped:
        assert int(stopped[1]) == settings["patience"] == since
    if settings["restore_best"]:
        (epoch_of_weights,) = said_in(page, r"The model has the weights of epoch (\d+),")
        assert int(epoch_of_weights) == kept == len(history) - since
    else:
        assert "The model has the weights of the last epoch" in page and kept == len(history)
    selects = settings["restore_best"] or settings["patience"] > 0
    assert ("These rows selected nothing." in page) == (not selects)
    assert ("slightly optimistic" in page) == selects
    assert ("used to select the epoch" in page) == settings["restore_best"]

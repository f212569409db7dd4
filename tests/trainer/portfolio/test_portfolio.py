"""`--model auto`: what it chooses, that it is deterministic, and that it goes on bit for bit."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainer.conftest import StopAfter, train
from trainer import contract
from trainer.checkpoint import Sigterm
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.errors import InputError, Interrupted
from trainer.models import blend
from trainer.models.blend.module import Blend
from trainer.portfolio.candidates import Steps, candidates_for
from trainer.run import run

Start = Callable[..., Any]
AUTO = ("--model=auto", "--epochs=12")


def candidates(directory: Path) -> list[dict[str, str]]:
    with open(directory / contract.CANDIDATES, newline="") as file:
        return list(csv.DictReader(file))


def write_table(directory: Path, y: np.ndarray, x: np.ndarray, cut: int) -> list[str]:
    np.savez(directory / "train_data.npz", X_train=x[:cut], y_train=y[:cut])
    np.savez(directory / "val_data.npz", X_val=x[cut:], y_val=y[cut:])
    return [f"--train={directory / 'train_data.npz'}", f"--val={directory / 'val_data.npz'}"]


def test_it_says_what_it_tried(data: list[str], tmp_path: Path) -> None:
    metrics = train(tmp_path / "out", *data, *AUTO)
    rows = candidates(tmp_path / "out")
    assert [row["candidate"] for row in rows] == list(candidates_for(7))
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1)
    assert all(0 < float(row["loss"]) < 5 for row in rows)
    judged = sorted(int(row["judged_rows"]) for row in rows)
    assert judged == [96, 96, 480, 480, 480]
    assert metrics["family"] == "blend"
    assert "selected nothing" in metrics["note"]
    log = (tmp_path / "out" / contract.LOG).read_text()
    assert log.count("candidate ") == len(rows) + 3
    contract.check_manifest(tmp_path / "out")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_its_files_predict_what_it_did(task: str, tmp_path: Path) -> None:
    """Both of them: the weights of numpy, and the module of torch."""
    random = np.random.default_rng(3)
    x = random.normal(size=(300, 3)).astype(np.float32)
    y = 1000 + 50 * x[:, 0] if task == "regression" else (x[:, 0] > 0).astype(int)
    if task == "multiclass":
        y = y + (x[:, 1] > 0.5)
    data = write_table(tmp_path, y, x, 240)
    metrics = train(tmp_path / "out", *data, *AUTO, f"--task={task}", "--refit=none")
    with np.load(tmp_path / "out" / contract.WEIGHTS) as arrays:
        ours = blend.forward({name: arrays[name] for name in arrays.files})(x[240:])
    state = torch.load(tmp_path / "out" / contract.MODEL, weights_only=True)
    theirs = Blend.from_state_dict(state)(torch.from_numpy(x[240:])).detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    with np.load(tmp_path / "out" / contract.PREDICTIONS) as recorded:
        key = "prediction" if task == "regression" else "probability"
        predicted = recorded[key]
    if task == "regression":
        np.testing.assert_allclose(ours[:, 0], predicted, rtol=1e-4)
        assert metrics["validation_r_squared"] > 0.5
    elif task == "binary":
        np.testing.assert_allclose(1 / (1 + np.exp(-ours[:, 0])), predicted, rtol=1e-4, atol=1e-6)
    else:
        np.testing.assert_allclose(ours.argmax(axis=1), predicted.argmax(axis=1))


def test_it_goes_on_bit_for_bit_wherever_it_is_stopped(data: list[str], tmp_path: Path) -> None:
    """Each start stops a few looks later than the one before it, in every phase."""
    flags = [*data, "--model=auto", "--epochs=3", "--checkpoint_every=1"]
    train(tmp_path / "whole", *flags)
    resumed = [*flags, f"--checkpoint_dir={tmp_path / 'checkpoints'}", f"--model_out={tmp_path}"]
    config, stops = Config.from_args(resumed), 0
    for looks in range(2, 200):
        try:
            run(config, World(), StopAfter(looks % 3 + 1))
        except Interrupted:
            stops += 1
            continue
        break
    assert stops > 10
    whole = (tmp_path / "whole" / contract.MODEL).read_bytes()
    assert (tmp_path / contract.MODEL).read_bytes() == whole


def test_two_processes_choose_what_one_does(data: list[str], tmp_path: Path, start: Start) -> None:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    two = start([*torchrun, "-m", "trainer", *data, *AUTO, f"--model_out={tmp_path / 'two'}"])
    one = train(tmp_path / "one", *data, *AUTO)
    printed, _ = two.communicate(timeout=100)
    assert two.returncode == 0, printed
    both = json.loads((tmp_path / "two" / contract.METRICS).read_text())
    assert both["validation_loss"] == pytest.approx(one["validation_loss"], abs=1e-4)
    shares = [[row["share"] for row in candidates(tmp_path / name)] for name in ("one", "two")]
    assert shares[0] == shares[1]


def test_shards_are_judged_by_a_sample_and_learned_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(1200, 4)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    write_table(tmp_path, y, x, 1000)
    for number in range(3):
        rows = slice(number * 333, number * 333 + 333)
        np.savez(tmp_path / f"train-{number}.npz", X_train=x[rows], y_train=y[rows])
    val = f"--val={tmp_path / 'val_data.npz'}"
    metrics = train(tmp_path / "out", f"--train={tmp_path}", val, "--model=auto")
    assert metrics["rows"]["train"] == 999
    assert metrics["validation_accuracy"] > 0.9


def test_a_wide_table_of_which_little_matters(tmp_path: Path) -> None:
    """Eight of 700 columns say all; numbers stay straight, and most inputs are left out."""
    random = np.random.default_rng(4)
    x = random.normal(size=(700, 700)).astype(np.float32)
    y = x[:, :8] @ np.arange(1, 9) + 2 * random.normal(size=700)
    data = write_table(tmp_path, y, x, 500)
    flags = ["--model=auto", "--task=regression", "--budget=12", "--refit=none"]
    metrics = train(tmp_path / "out", *data, *flags)
    assert [row["candidate"] for row in candidates(tmp_path / "out")] == list(candidates_for(700))
    assert metrics["validation_r_squared"] > 0.5


def test_what_the_user_sets_holds(data: list[str], tmp_path: Path) -> None:
    flags = ["--epochs=3", "--learning_rate=0.005", "--pieces=3", "--members=2"]
    flags += ["--hidden_layers=5"]
    metrics = train(tmp_path / "out", *data, "--model=auto", *flags)
    assert metrics["epochs"] == 3
    for row in candidates(tmp_path / "out"):
        assert (row["learning_rate"], row["pieces"], row["hidden_layers"]) == ("0.005", "3", "5")
    with np.load(tmp_path / "out" / contract.WEIGHTS) as arrays:
        first = arrays["ensembles.0.weights.0"]
    assert first.shape[0] == 2 and first.shape[2] == 5


def test_one_ensemble_with_its_settings(data: list[str], tmp_path: Path) -> None:
    metrics = train(tmp_path / "out", *data, "--model=ensemble", "--epochs=20", "--members=3")
    assert metrics["epochs"] == 20 and metrics["family"] == "blend"
    assert not (tmp_path / "out" / contract.CANDIDATES).exists()
    with np.load(tmp_path / "out" / contract.WEIGHTS) as arrays:
        assert arrays["ensembles.0.weights.0"].shape[0] == 3


@pytest.mark.parametrize("flag", ["--dropout=0.1", "--weight_decay=0.1"])
def test_what_an_ensemble_does_not_have(data: list[str], tmp_path: Path, flag: str) -> None:
    config = Config.from_args([*data, "--model=auto", flag, f"--model_out={tmp_path}"])
    with pytest.raises(InputError, match="must be 0 with --model auto, got 0.1"):
        run(config, World(), Sigterm())


@pytest.mark.parametrize("rows", [2, 3, 7])
def test_few_rows(tmp_path: Path, rows: int) -> None:
    x = np.arange(2 * rows, dtype=np.float32)[:, None]
    data = write_table(tmp_path, np.arange(2 * rows) % 2, x, rows)
    assert np.isfinite(train(tmp_path / "out", *data, *AUTO)["validation_loss"])


def test_a_smaller_budget_takes_fewer_epochs(data: list[str], tmp_path: Path) -> None:
    full = train(tmp_path / "full", *data, "--model=auto")
    less = train(tmp_path / "less", *data, "--model=auto", "--budget=2")
    assert 0 < less["epochs"] < full["epochs"] / 2


def test_how_long_it_learns() -> None:
    steps = Steps(least_epochs=40, least=600, most=2000)
    assert steps.epochs(100, 256) == 600
    assert steps.epochs(2560, 256) == 60
    assert steps.epochs(10_000, 256) == 40
    assert steps.epochs(1_000_000, 256) * 3907 == pytest.approx(20_000, rel=0.2)

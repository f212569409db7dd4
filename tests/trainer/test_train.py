"""Whole runs of each kind of task and setting, and of data in shards."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from trainer import contract
from trainer.__main__ import main
from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.files import Files
from trainer.models.mlp.module import build
from trainer.run import make_net
from trainer.tasks.losses import make_task

CPU = torch.device("cpu")


def run(directory: Path, *flags: str) -> dict[str, Any]:
    """Trains on the arrays in `directory`; returns the metrics."""
    data = [f"--train={directory / 'train_data.npz'}", f"--val={directory / 'val_data.npz'}"]
    assert main([*data, *flags, f"--model_out={directory / 'out'}"]) == 0
    metrics: dict[str, Any] = json.loads((directory / "out" / "metrics.json").read_text())
    return metrics


def save(directory: Path, x: np.ndarray, y: np.ndarray) -> None:
    np.savez(directory / "train_data.npz", X_train=x[:-100], y_train=y[:-100])
    np.savez(directory / "val_data.npz", X_val=x[-100:], y_val=y[-100:])


def test_many_classes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 3, 500).astype(np.int8)
    x = (np.eye(4)[y] + random.normal(0, 0.3, (500, 4))).astype(np.float32)
    save(tmp_path, x, y)
    flags = ["--task=multiclass", "--epochs=60", "--batch_size=64", "--learning_rate=0.01"]
    metrics = run(tmp_path, *flags, "--class_weight=balanced", "--learning_rate_schedule=cosine")
    assert metrics["outputs"] == 3
    _, counts = np.unique(y[:-100], return_counts=True)
    assert metrics["class_weights"] == pytest.approx(400 / (3 * counts))
    assert metrics["validation_accuracy"] > 0.9
    assert metrics["validation_macro_f1"] > 0.9
    assert metrics["validation_auc"] > 0.95
    with np.load(tmp_path / "out" / "val_predictions.npz") as arrays:
        assert arrays["probability"].shape == (100, 3)
        assert arrays["probability"].dtype == np.float32
        assert arrays["y_true"].tolist() == y[-100:].tolist()


def test_a_regression_predicts_in_the_targets_own_units(tmp_path: Path) -> None:
    """A target in the hundred thousands, as prices are; the saved module needs no scaling."""
    random = np.random.default_rng(1)
    x = random.normal(size=(600, 3)).astype(np.float32)
    y = 300_000 + 50_000 * (x[:, 0] - x[:, 1] * x[:, 2])
    save(tmp_path, x, y)
    flags = ["--task=regression", "--epochs=150", "--batch_size=64", "--learning_rate=0.005"]
    metrics = run(tmp_path, *flags)
    assert metrics["validation_r_squared"] > 0.9
    assert metrics["target_mean"] == pytest.approx(y[:-100].mean())
    assert metrics["target_scale"] == pytest.approx(y[:-100].std())
    module = build(3)
    module.load_state_dict(torch.load(tmp_path / "out" / "model.pt", weights_only=True))
    predicted = module(torch.from_numpy(x[-100:])).detach().numpy()[:, 0]
    assert metrics["validation_mae"] == pytest.approx(np.abs(predicted - y[-100:]).mean(), rel=1e-3)
    with np.load(tmp_path / "out" / "val_predictions.npz") as arrays:
        np.testing.assert_allclose(arrays["prediction"], predicted, rtol=1e-4)
        np.testing.assert_allclose(arrays["y_true"], y[-100:], rtol=1e-5)
    with open(tmp_path / "out" / "eval_history.csv") as file:
        last = list(csv.DictReader(file))[metrics["best_epoch"] - 1]
    assert float(last["validation_rmse"]) == pytest.approx(metrics["validation_rmse"], rel=1e-3)


def test_shards_train_as_one_file_does(data: list[str], tmp_path: Path) -> None:
    """A full batch of shards is the same sum; validation data may be shards as well."""
    whole = run(tmp_path, "--epochs=20")
    for name, shards in (("train", 3), ("val", 2)):
        with np.load(tmp_path / f"{name}_data.npz") as arrays:
            x, y = arrays[f"X_{name}"], arrays[f"y_{name}"]
        for number in range(shards):
            part = {f"X_{name}": x[number::shards], f"y_{name}": y[number::shards]}
            np.savez(tmp_path / f"{name}-{number:05d}.npz", **part)
    glob = f"--val={tmp_path}/val-*.npz"
    sharded = run(tmp_path, "--epochs=20", f"--train={tmp_path}", glob)
    assert sharded["rows"] == whole["rows"]
    assert sharded["validation_loss"] == pytest.approx(whole["validation_loss"], abs=1e-5)
    assert sharded["validation_auc"] == pytest.approx(whole["validation_auc"], abs=1e-3)
    batches = run(tmp_path, "--epochs=20", "--batch_size=50", f"--train={tmp_path}", glob)
    assert batches["validation_loss"] < whole["validation_loss"]


PEAK = """
import sys
from trainer.__main__ import main
status = main(sys.argv[1:])
print(open("/proc/self/status").read())  # not ru_maxrss, which a process has from its parent
sys.exit(status)
"""


def test_memory_is_flat_in_the_number_of_shards(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((200_000, 7), dtype=np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    save(tmp_path, x[:200], y[:200])
    flags = [f"--val={tmp_path / 'val_data.npz'}", f"--model_out={tmp_path / 'out'}", "--epochs=1"]
    flags += ["--batch_size=65536", "--hidden_layers=4", "--threads=1"]
    peaks = []
    for shards in (2, 16):
        directory = tmp_path / f"{shards}"
        directory.mkdir()
        np.savez(directory / "train-00000.npz", X_train=x, y_train=y)
        for number in range(1, shards):
            os.link(directory / "train-00000.npz", directory / f"train-{number:05d}.npz")
        line = [sys.executable, "-c", PEAK, *flags, f"--train={directory}"]
        printed = subprocess.run(line, check=True, capture_output=True, text=True).stdout
        peaks += [int(kib) for kib in re.findall(r"VmHWM:\s+(\d+) kB", printed)]
    assert peaks[1] < 1.05 * peaks[0]


class Waits(TorchDispatchMode):
    """Counts the numbers that Python asks the device for: `.item()`, `float(tensor)`, `if tensor`,
    each of which waits until the device has done all that was asked of it before."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("flags", [[], ["--dropout=0.1"], ["--class_weight=balanced"]])
def test_no_step_waits_for_the_device(data: list[str], flags: list[str]) -> None:
    """One wait for the 48 batches of a block: is the loss finite?"""
    config = Config.from_args([*data, "--batch_size=10", *flags])
    files = Files.find("train", config.train, contract.TRAIN_KEYS)
    task = make_task("binary", files.summary(True), None, bool(flags), CPU)
    source = files.load(task, CPU)
    training = make_net(config, World(), task, source, source)
    with Waits() as waits:  # type: ignore[no-untyped-call]
        training.learn_epoch(Checkpoints("", 1, 1, {}), Sigterm())
    assert (training.state.block, waits.count) == (1, 1)


def test_early_stopping_and_the_weights_it_keeps(data: list[str], tmp_path: Path) -> None:
    flags = ["--batch_size=32", "--learning_rate=0.02", "--epochs=100", "--patience=5"]
    best = run(tmp_path, *flags)
    assert best["epochs"] == best["best_epoch"] + 5 < 100
    last = run(tmp_path, *flags, "--restore_best=false")
    assert last["best_epoch"] == best["best_epoch"]
    assert last["validation_loss"] > best["validation_loss"]
    endless = run(tmp_path, *flags, "--patience=0")
    assert endless["epochs"] == 100
    assert "rows used to select the epoch" in endless["note"]
    neither = run(tmp_path, *flags, "--patience=0", "--restore_best=false")
    assert "rows that selected nothing; test" in neither["note"]
    # An epoch that is better by less than min_delta does not count.
    assert run(tmp_path, *flags, "--min_delta=10")["best_epoch"] == 1


def test_weight_decay_keeps_weights_small(data: list[str], tmp_path: Path) -> None:
    def size(*flags: str) -> float:
        run(tmp_path, "--epochs=30", "--batch_size=32", "--restore_best=false", *flags)
        weights = torch.load(tmp_path / "out" / "model.pt", weights_only=True)
        return float(sum(weight.square().sum() for weight in weights.values()))

    assert size("--weight_decay=1") < 0.7 * size()


def test_l2_is_the_penalty_of_ridge_regression(tmp_path: Path) -> None:
    """A linear model in closed form: the least of Σ (xw - y)² + l2 / 2 · |w|², bias included."""
    random = np.random.default_rng(1)
    x = random.normal(size=(300, 3)).astype(np.float32)
    y = x @ [1.0, -2.0, 0.5] + random.normal(size=300)
    y[:-100] = (y[:-100] - y[:-100].mean()) / y[:-100].std()
    save(tmp_path, x, y)
    flags = ["--task=regression", "--hidden_layers=linear", "--epochs=500", "--learning_rate=0.05"]
    run(
        tmp_path,
        *flags,
        "--learning_rate_schedule=cosine",
        "--patience=0",
        "--restore_best=false",
        "--l2=100",
    )
    ones = np.hstack([x[:-100], np.ones((200, 1))])
    expected = np.linalg.solve(ones.T @ ones + 50 * np.eye(4), ones.T @ y[:-100])
    found = torch.load(tmp_path / "out" / "model.pt", weights_only=True)
    np.testing.assert_allclose(found["0.weight"].numpy()[0], expected[:-1], atol=1e-4)
    np.testing.assert_allclose(found["0.bias"].numpy(), expected[-1:], atol=1e-4)


def test_a_cosine_ends_in_small_steps(data: list[str], tmp_path: Path) -> None:
    def last_gain(*flags: str) -> float:
        run(tmp_path, "--epochs=30", "--learning_rate=0.01", *flags)
        with open(tmp_path / "out" / "eval_history.csv") as file:
            losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
        return losses[-2] - losses[-1]

    assert 0 < last_gain("--learning_rate_schedule=cosine") < last_gain() / 10


def test_rare_classes_count_more_when_balanced(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    y = (random.random(1000) < 0.1).astype(np.int64)
    x = (y[:, None] + random.normal(size=(1000, 2))).astype(np.float32)
    save(tmp_path, x, y)

    def found(*flags: str) -> float:
        run(tmp_path, "--epochs=50", "--batch_size=100", *flags)
        with np.load(tmp_path / "out" / "val_predictions.npz") as arrays:
            return float((arrays["probability"][arrays["y_true"] == 1] > 0.5).mean())

    assert found("--class_weight=balanced") > found() + 0.2

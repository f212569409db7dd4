"""`--refit all`: the chosen model learns training and validation rows together, after the figures
are taken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainer.conftest import StopAfter, train, write_data
from trainer import contract
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.errors import Interrupted
from trainer.run import run

Start = Callable[..., Any]
MODELS = {
    "mlp": ["--epochs=60", "--patience=4", "--batch_size=32", "--learning_rate=0.02"],
    "auto": ["--model=auto", "--epochs=6"],
}


def model_of(directory: Path) -> bytes:
    return (directory / contract.MODEL).read_bytes()


def join_rows(directory: Path) -> str:
    """Writes an npz of training and validation rows; returns the flag that names it."""
    with np.load(directory / "train_data.npz") as train, np.load(directory / "val_data.npz") as val:
        x = np.concatenate([train["X_train"], val["X_val"]])
        y = np.concatenate([train["y_train"], val["y_val"]])
    np.savez(directory / "all.npz", X_train=x, y_train=y)
    return f"--train={directory / 'all.npz'}"


@pytest.mark.parametrize("model", MODELS)
def test_the_figures_are_of_the_model_before(data: list[str], tmp_path: Path, model: str) -> None:
    flags = [*data, *MODELS[model]]
    before = train(tmp_path / "none", *flags, "--refit=none")
    after = train(tmp_path / "all", *flags, "--refit=all")
    said = after.pop("note")
    assert said == before.pop("note") + (
        "; they are of the model before it learned the validation rows too"
    )
    settings, changed = before.pop("hyperparameters"), after.pop("hyperparameters")
    assert changed == {**settings, "refit": "all", "model_out": str(tmp_path / "all")}
    assert after.pop("seconds") and before.pop("seconds")
    assert after == before
    assert model_of(tmp_path / "none") != model_of(tmp_path / "all")
    name = contract.PREDICTIONS
    assert (tmp_path / "none" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_it_is_the_model_that_the_epochs_give_on_all_rows(data: list[str], tmp_path: Path) -> None:
    metrics = train(tmp_path / "refit", *data, *MODELS["mlp"], "--refit=all")
    assert metrics["best_epoch"] < metrics["epochs"] < 60
    again = [join_rows(tmp_path), data[1], *MODELS["mlp"], "--patience=0", "--restore_best=false"]
    train(tmp_path / "by hand", *again, f"--epochs={metrics['best_epoch']}")
    assert model_of(tmp_path / "refit") == model_of(tmp_path / "by hand")


def test_auto_learns_the_validation_rows_only_then(data: list[str], tmp_path: Path) -> None:
    with np.load(tmp_path / "val_data.npz") as file:
        np.savez(tmp_path / "other.npz", X_val=file["X_val"], y_val=1 - file["y_val"])
    other = [data[0], f"--val={tmp_path / 'other.npz'}"]
    models = {}
    for refit in ("none", "all"):
        for number, rows in enumerate((data, other)):
            out = tmp_path / f"{refit}{number}"
            train(out, *rows, *MODELS["auto"], f"--refit={refit}")
            models[refit, number] = model_of(out)
    assert models["none", 0] == models["none", 1]
    assert models["all", 0] != models["all", 1]


@pytest.mark.parametrize("model", MODELS)
def test_it_goes_on_bit_for_bit_wherever_it_is_stopped(
    data: list[str], tmp_path: Path, model: str
) -> None:
    flags = [*data, *MODELS[model], "--refit=all", "--checkpoint_every=1"]
    train(tmp_path / "whole", *flags)
    resumed = [*flags, f"--checkpoint_dir={tmp_path / 'checkpoints'}", f"--model_out={tmp_path}"]
    config, stops = Config.from_args(resumed), 0
    for looks in range(2, 300):
        try:
            run(config, World(), StopAfter(looks % 5 + 1))
        except Interrupted:
            stops += 1
            continue
        break
    assert stops > 5
    assert model_of(tmp_path) == model_of(tmp_path / "whole")
    before = (tmp_path / "whole" / contract.PREDICTIONS).read_bytes()
    assert (tmp_path / contract.PREDICTIONS).read_bytes() == before


@pytest.mark.parametrize("model", MODELS)
def test_shards_are_streamed_again(tmp_path: Path, model: str) -> None:
    data = write_data(tmp_path)
    with np.load(tmp_path / "train_data.npz") as file:
        x, y = file["X_train"], file["y_train"]
    for number in range(3):
        rows = slice(number * 160, number * 160 + 160)
        np.savez(tmp_path / f"train-{number}.npz", X_train=x[rows], y_train=y[rows])
    flags = [f"--train={tmp_path}", data[1], *MODELS[model]]
    train(tmp_path / "none", *flags, "--refit=none")
    train(tmp_path / "all", *flags, "--refit=all")
    assert model_of(tmp_path / "none") != model_of(tmp_path / "all")
    assert "on all 600 rows" in (tmp_path / "all" / contract.LOG).read_text()


def test_two_processes_learn_what_one_does(data: list[str], tmp_path: Path, start: Start) -> None:
    flags = [*data, *MODELS["mlp"], "--refit=all"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    two = start([*torchrun, "-m", "trainer", *flags, f"--model_out={tmp_path / 'two'}"])
    train(tmp_path / "one", *flags)
    printed, _ = two.communicate(timeout=100)
    assert two.returncode == 0, printed
    with (
        np.load(tmp_path / "one" / contract.WEIGHTS) as one,
        np.load(tmp_path / "two" / contract.WEIGHTS) as both,
    ):
        for name in one:
            np.testing.assert_allclose(both[name], one[name], atol=1e-3)

"""Saving, finding damage, refusing another run's checkpoint, and going on bit for bit."""

import csv
import hashlib
import io
import json
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainer.__main__ import main
from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.errors import InputError, Interrupted, TabularError
from trainer.run import run

Start = Callable[..., Any]


def checkpoints(directory: Path, **identity: object) -> Checkpoints:
    return Checkpoints(str(directory), every=2, minutes=60, identity={"seed": 1, **identity})


def content(number: float) -> dict[str, object]:
    return {"weights": torch.full((100,), number)}


def test_the_two_newest_are_kept_and_the_newest_loads(tmp_path: Path) -> None:
    saved = checkpoints(tmp_path)
    for epoch, block in [(2, 0), (9, 3), (10, 0)]:
        saved.save(epoch, block, content(epoch + block))
    assert len(list(tmp_path.iterdir())) == 2
    loaded = checkpoints(tmp_path).load()
    assert loaded is not None and loaded["weights"][0] == 10


def test_damage_falls_back_to_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints(tmp_path).save(1, 0, content(1))
    checkpoints(tmp_path).save(2, 0, content(2))
    newest = max(tmp_path.iterdir())
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1  # a single bit, which torch.load would not notice
    newest.write_bytes(data)
    loaded = checkpoints(tmp_path).load()
    assert loaded is not None and loaded["weights"][0] == 1
    assert f"warning: passing over {newest}" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"\0" * 500, None], ids=["empty", "zeros", "directory"])
def test_two_damaged_ones_are_passed_over_and_go_with_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    for epoch in (1, 8, 9):
        checkpoints(tmp_path).save(epoch, 0, content(epoch))
    for path in tmp_path.iterdir():
        if damage is None:
            path.unlink()
            path.mkdir()
        else:
            path.write_bytes(damage)
    resumed = checkpoints(tmp_path)
    assert resumed.load() is None
    assert caplog.text.count("warning: passing over") == 2
    for epoch in (1, 2, 3):
        resumed.save(epoch, 0, content(epoch))
    left = [path for path in tmp_path.iterdir() if path.is_file()]
    assert sorted(path.name[:18] for path in left) == ["checkpoint-0000002", "checkpoint-0000003"]
    loaded = checkpoints(tmp_path).load()
    assert loaded is not None and loaded["weights"][0] == 3


def test_what_a_kill_left_half_written_goes(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-0000001-0000000-abc.pt.1.tmp").touch()
    (tmp_path / "notes.tmp").touch()
    checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.tmp"]


def test_a_directory_that_cannot_be_written_to_is_refused_before_training(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """/proc is one, whoever asks."""
    flags = [*data, f"--model_out={tmp_path}", "--checkpoint_every=1"]
    for directory in ("/proc", tmp_path / "train_data.npz"):
        assert main([*flags, f"--checkpoint_dir={directory}"]) == 2
        printed = capsys.readouterr()
        assert f"--checkpoint_dir must be writable, got {directory}" in printed.err
        assert "epoch" not in printed.out


def test_another_runs_checkpoint_is_refused_naming_the_difference(tmp_path: Path) -> None:
    checkpoints(tmp_path).save(1, 0, content(1))
    with pytest.raises(InputError, match="another seed: it was 1 and is 2"):
        Checkpoints(str(tmp_path), 1, 1, {"seed": 2}).load()
    with pytest.raises(InputError, match="another spec: it was None and is a"):
        checkpoints(tmp_path, spec="a").load()


def test_due_by_epochs_and_by_the_clock(tmp_path: Path) -> None:
    assert [checkpoints(tmp_path).due(epoch) for epoch in (1, 2, 3, 4)] == [False, True] * 2
    assert not checkpoints(tmp_path).due()
    assert Checkpoints(str(tmp_path), 100, 0.0, {}).due()
    assert not Checkpoints("", 1, 0.0, {}).due(1)


def test_a_full_disk_leaves_the_last_good_one(tmp_path: Path) -> None:
    saved = checkpoints(tmp_path)
    saved.save(1, 0, content(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # like a disk with 500 bytes left
    try:
        with pytest.raises(TabularError, match="cannot write .*File too large"):
            saved.save(2, 0, content(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(list(tmp_path.iterdir())) == 1
    loaded = checkpoints(tmp_path).load()
    assert loaded is not None and loaded["weights"][0] == 1


@pytest.fixture
def blocks(tmp_path: Path) -> list[str]:
    """Flags of a run whose epochs have two blocks, and whose files are small. Its training rows
    are in three shards too."""
    random = np.random.default_rng(5)
    x = random.integers(-1, 2, (80_000, 3)).astype(np.int8)
    y = (x[:, 0] * x[:, 1] + random.logistic(size=len(x)) > 0).astype(np.int8)
    np.savez(tmp_path / "train_data.npz", X_train=x, y_train=y)
    np.savez(tmp_path / "val_data.npz", X_val=x[:5000], y_val=y[:5000])
    for number, i in enumerate(range(0, 80_000, 30_000)):
        rows = slice(i, i + 30_000)
        np.savez(tmp_path / f"train-{number}.npz", X_train=x[rows], y_train=y[rows])
    flags = [f"--train={tmp_path / 'train_data.npz'}", f"--val={tmp_path / 'val_data.npz'}"]
    return [*flags, "--batch_size=1024", "--hidden_layers=8", "--learning_rate=0.01"]


def epochs_of(directory: Path) -> list[dict[str, str]]:
    with open(directory / "eval_history.csv") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"]
    return rows


@pytest.mark.parametrize(
    ("more", "blocks_an_epoch"),
    [
        ("", 2),
        ("--dropout=0.2", 2),
        ("--model=ensemble --batch_size=100 --refit=none", 2),
        ("--batch_size=0", 2),
        ("--batch_size=70000", 3),
        ("--train={}", 2),
        ("--train={} --batch_size=0", 2),
        ("--train={} --batch_size=70000", 4),
    ],
)
def test_stopped_wherever_it_can_be_it_gives_the_same_bytes(
    blocks: list[str], tmp_path: Path, more: str, blocks_an_epoch: int
) -> None:
    """Each start is asked to stop at once, gets as far as it must, and the next one goes on."""
    flags = [*blocks, *more.format(tmp_path).split(), "--epochs=3"]
    assert main([*flags, f"--model_out={tmp_path / 'whole'}"]) == 0
    interrupted = [
        *flags,
        f"--model_out={tmp_path / 'parts'}",
        f"--checkpoint_dir={tmp_path / 'c'}",
    ]
    impatient = Sigterm()
    impatient.requested = True
    stops = 0
    while stops < 20:
        try:
            run(Config.from_args(interrupted), World(), impatient)
        except Interrupted:
            stops += 1
        else:
            break
    assert stops == 3 * (blocks_an_epoch + 1)  # after each block and at the end of each epoch
    for name in ("model.pt", "val_predictions.npz"):
        whole, parts = tmp_path / "whole" / name, tmp_path / "parts" / name
        assert whole.read_bytes() == parts.read_bytes(), name
    assert epochs_of(tmp_path / "whole") == epochs_of(tmp_path / "parts")


class StopAt(Sigterm):
    """As if the signal came between one look-up and the next."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    @property
    def requested(self) -> bool:  # type: ignore[override]
        self.left -= 1
        return self.left == 0


def test_stopped_while_it_validates_it_gives_the_same_bytes(
    blocks: list[str], tmp_path: Path
) -> None:
    """Validation rows that take long must not make SIGTERM wait."""
    flags = [*blocks, f"--val={tmp_path / 'long.npz'}", "--epochs=2"]
    with np.load(tmp_path / "train_data.npz") as arrays:
        long = {"X_val": arrays["X_train"], "y_val": arrays["y_train"]}
    np.savez(tmp_path / "long.npz", **long)
    assert main([*flags, f"--model_out={tmp_path / 'whole'}"]) == 0
    flags += [f"--model_out={tmp_path / 'parts'}", f"--checkpoint_dir={tmp_path / 'c'}"]
    with pytest.raises(Interrupted, match="in epoch 1"):
        run(Config.from_args(flags), World(), StopAt(3))  # two look-ups are of the blocks
    (saved,) = (tmp_path / "c").iterdir()
    assert saved.name.startswith("checkpoint-0000000-0000002-")
    assert main(flags) == 0
    for name in ("model.pt", "val_predictions.npz"):
        whole, parts = tmp_path / "whole" / name, tmp_path / "parts" / name
        assert whole.read_bytes() == parts.read_bytes(), name
    assert epochs_of(tmp_path / "whole") == epochs_of(tmp_path / "parts")


def test_a_changed_setting_is_refused_by_name(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*data, "--epochs=2", f"--model_out={tmp_path}", f"--checkpoint_dir={tmp_path / 'c'}"]
    assert main([*flags, "--checkpoint_every=1"]) == 0
    assert main([*flags, "--learning_rate=0.1"]) == 2
    assert "another learning_rate: it was 0.0 and is 0.1" in capsys.readouterr().err


def craft(path: Path, change: Callable[[Any], object]) -> None:
    """Changes what a checkpoint holds, under the name that goes with its new bytes."""
    crafted = torch.load(path, weights_only=True)
    change(crafted)
    with io.BytesIO() as buffer:
        torch.save(crafted, buffer)
        data = buffer.getvalue()
    path.unlink()
    start = path.name.rpartition("-")[0]
    path.with_name(f"{start}-{hashlib.sha256(data).hexdigest()[:16]}.pt").write_bytes(data)


NAN = torch.tensor(float("nan"))
CRAFTED: dict[str, tuple[Callable[[Any], object], str]] = {
    "epoch": (lambda c: c["state"].update(epoch=-5), "epoch is -5"),
    "far epoch": (lambda c: c["state"].update(epoch=10**9), "history is not of 1000000000 epochs"),
    "text": (lambda c: c["state"].update(epoch="1"), "state epoch is of type str"),
    "best epoch": (lambda c: c["state"].update(best_epoch=7), "the best epoch is 7"),
    "best loss": (lambda c: c["state"].update(best_loss=float("nan")), "of loss nan"),
    "history": (lambda c: c["state"]["history"].clear(), "history is not of 2 epochs"),
    "row": (lambda c: c["state"]["history"][0].update(seconds="x"), "history holds"),
    "shape": (lambda c: c.update(best=c["best"][:1].clone()), "best is torch.float32 (1,)"),
    "dtype": (lambda c: c.update(best=c["best"].double()), "best is torch.float64"),
    "scalar": (lambda c: c["shared"].update(parameters=NAN), "parameters is torch.float32 ()"),
    "nan": (lambda c: c["shared"]["parameters"].fill_(float("nan")), "parameters is not finite"),
    "infinite": (lambda c: c["best"].fill_(float("inf")), "best is not finite"),
    "square": (lambda c: c["shared"]["square"].fill_(-1), "square is negative"),
    "key": (lambda c: c.pop("own"), "it has the keys"),
    "more": (lambda c: c["own"].update(more=NAN), "own has the keys"),
    "list": (lambda c: c.update(shared=[]), "shared is of type list"),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_a_crafted_checkpoint_is_refused_in_one_line(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    change, problem = CRAFTED[case]
    flags = [*data, f"--model_out={tmp_path}", f"--checkpoint_dir={tmp_path / 'c'}", "--epochs=2"]
    assert main([*flags, "--checkpoint_every=2"]) == 0
    (path,) = (tmp_path / "c").iterdir()
    craft(path, change)
    capsys.readouterr()
    assert main(flags) == 2
    assert capsys.readouterr().err.count("\n") == 1
    log = (tmp_path / "training.log").read_text().splitlines()[-1]
    assert "error: a checkpoint must be one that training saved" in log and problem in log


def test_sigterm_saves_and_says_start_again(
    blocks: list[str], tmp_path: Path, start: Start
) -> None:
    """The log goes on afterwards."""
    out, saved = tmp_path / "out", tmp_path / "c"
    flags = ["-m", "trainer", *blocks, f"--model_out={out}", f"--checkpoint_dir={saved}"]
    process = start([*flags, "--epochs=2000", "--patience=0"])
    for line in process.stdout:
        if line.startswith("epoch 3"):
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)  # Vertex AI's grace: what takes longer is killed
    assert process.returncode == 143
    assert len(list(saved.iterdir())) == 1
    assert not (out / "manifest.json").exists()
    assert "error: stopped by SIGTERM in epoch" in (out / "training.log").read_text()
    resumed = start([*flags, "--epochs=2000", "--patience=0"])
    assert "training after epoch" in resumed.stdout.readline()
    assert "stopped by SIGTERM" in (out / "training.log").read_text()


def test_a_resumed_run_writes_the_same_progress(data: list[str], tmp_path: Path) -> None:
    """Each line with the best epoch until then, and not with that of the checkpoint."""
    flags = [*data, "--epochs=8", "--batch_size=32", "--learning_rate=0.05", "--checkpoint_every=1"]
    flags += [f"--model_out={tmp_path}", f"--checkpoint_dir={tmp_path / 'c'}"]
    assert main(flags) == 0
    written = (tmp_path / "progress.jsonl").read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 9))
    assert len({line["best_epoch"] for line in lines}) > 1
    assert all(line["best_epoch"] <= line["epoch"] for line in lines)
    assert main(flags) == 0  # from the checkpoint of the last epoch
    assert (tmp_path / "progress.jsonl").read_text() == written


GOLDEN = [0.6905602, 0.6867898, 0.6830536, 0.679379, 0.6757342]


def test_the_first_five_losses_are_the_golden_ones(data: list[str], tmp_path: Path) -> None:
    assert main([*data, "--epochs=5", f"--model_out={tmp_path}"]) == 0
    with open(tmp_path / "eval_history.csv") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    assert losses == pytest.approx(GOLDEN, abs=1e-5)
    assert json.loads((tmp_path / "metrics.json").read_text())["epochs"] == 5

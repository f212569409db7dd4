"""How fast training is, as ratios to the usual ways, measured on this machine in one run.

    python -m benchmarks.trainer [--rows 1000000]

Each ratio is the median over alternating measurements, so that a machine that slows down slows
both sides. Above 1 is better, but for those whose name says "at most".
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from trainer.checkpoint import Checkpoints, Sigterm
from trainer.compute.cpus import threads_for
from trainer.compute.distributed import World
from trainer.config import Config
from trainer.data.memory import InMemoryDataset
from trainer.models.mlp.module import build
from trainer.run import make_net
from trainer.tasks.losses import Binary

FEATURES = 7
CPU = torch.device("cpu")
BATCHES = (256, 1024, 8192)
REPEATS = 5
SLOW_SHARE = 5  # the slow ways train on a fifth of the rows; their time a row is the same


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Measures, prints a table, and returns the ratios by name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory_rows", type=int, default=10_000_000)
    options = parser.parse_args(argv)
    ratios: dict[str, float] = {}

    def note(name: str, ratio: float, target: float) -> None:
        ratios[name] = ratio
        print(f"{name:<58} {ratio:8.2f}   (target {target:g})", flush=True)

    note("memory: peak less 350 MB, against the arrays (at most)", memory(options.memory_rows), 2)
    note("memory: peak of 64 shards, against 4 (at most)", memory_of_shards(64, 4), 1.05)
    x, y = make_rows(options.rows)
    few = slice(options.rows // SLOW_SHARE)
    for batch, loader, scikit in zip(BATCHES, (8, 18, 40), (2.5, 4, 4.5), strict=True):
        ours, theirs, sklearns, bound = alternate(
            one_epoch(x, y, batch),
            data_loader_epoch(x[few], y[few], batch),
            scikit_epoch(x[few], y[few], batch),
            one_epoch(x, y, batch, shuffled=False),
        )
        theirs, sklearns = theirs * SLOW_SHARE, sklearns * SLOW_SHARE
        print(f"batch {batch}: {options.rows / ours / 1e3:,.0f} thousand rows/s")
        note(f"batch {batch}: speed against DataLoader", theirs / ours, loader)
        note(f"batch {batch}: speed against scikit-learn", sklearns / ours, scikit)
        note(f"batch {batch}: speed against unshuffled rows", bound / ours, 0.9)
    rows = options.rows * 4 // 5
    ours, theirs = alternate(
        one_epoch(x[:rows], y[:rows], 0), autograd_full_batch(x[:rows], y[:rows])
    )
    note("full batch: speed against one autograd step", theirs / ours, 3.5)
    note("small run: time against importing numpy and torch", small_run(), 1.35)
    note("two processes: speed against one, wide net", two_processes((512, 512), 24_576), 1.7)
    note("two processes: speed against one, small net", two_processes((64, 32), 409_600), 1)
    if ratios["two processes: speed against one, small net"] < 1:
        print("for so small a net, waiting for each other costs more than the work saved")
    return ratios


def alternate(*runs: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """The median seconds of each of `runs`, which take turns; the first turn does not count."""
    seconds: list[list[float]] = [[] for _ in runs]
    for turn in range(repeats + 1):
        for run, times in zip(runs, seconds, strict=True):
            began = time.perf_counter()
            run()
            if turn:
                times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in seconds]


def make_rows(rows: int, features: int = FEATURES) -> tuple[np.ndarray, np.ndarray]:
    """Float32 features and a target of 0 and 1 that they tell something about."""
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, features), dtype=np.float32)
    return x, (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(np.float32)


class Unshuffled(InMemoryDataset):
    """The same rows as consecutive slices: what shuffling costs is the difference."""

    def blocks(self, plan, epoch, start=0):  # type: ignore[no-untyped-def]
        from trainer.data.batches import Block

        step = plan.batches_a_block * plan.batch_size
        for x, y in zip(torch.split(self.x, step), torch.split(self.y, step), strict=True):
            sizes = [len(part) for part in torch.split(y, plan.batch_size)]
            yield Block(x, y, sizes, True, number=1)


def one_epoch(
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    shuffled: bool = True,
    hidden: tuple[int, ...] = (64, 32),
    device: torch.device = CPU,
) -> Callable[[], None]:
    """One epoch of this package's training, as the loop runs it, validation on a few rows."""
    config = Config(
        train="", val="", hidden_layers=hidden, batch_size=batch, patience=0, restore_best=False
    )
    ones = np.ones((len(x), 1), np.float32)
    inputs, targets = torch.from_numpy(np.hstack([x, ones])), torch.from_numpy(y[:, None])
    inputs, targets = inputs.to(device), targets.to(device)
    train = (InMemoryDataset if shuffled else Unshuffled)(inputs, targets)
    training = make_net(
        config,
        World(device=device),
        Binary(),
        train,
        InMemoryDataset(inputs[:1000], targets[:1000]),
    )
    threads = threads_for(training.step_work, local_world_size=1)

    def run() -> None:
        torch.set_num_threads(threads)
        training.state.block = 0
        training.learn_epoch(Checkpoints("", 1, 1, {}), Sigterm())

    return run


def data_loader_epoch(
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    hidden: tuple[int, ...] = (64, 32),
    device: torch.device = CPU,
) -> Callable[[], None]:
    """The loop of the tutorials: DataLoader, autograd, torch.optim.Adam."""
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y[:, None]))
    loader = DataLoader(data, batch_size=batch, shuffle=True)
    model = build(x.shape[1], hidden).to(device)
    optimizer = torch.optim.Adam(model.parameters())

    def run() -> None:
        torch.set_num_threads(os.cpu_count() or 1)
        for inputs, targets in loader:
            inputs, targets = inputs.to(device), targets.to(device)
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(inputs), targets).backward()
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run


def scikit_epoch(x: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], None]:
    """scikit-learn's MLPClassifier: the same net, batch and optimizer in float32."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((64, 32), batch_size=batch, alpha=0.0)
    model.partial_fit(x[:batch], y[:batch], classes=[0, 1])

    def run() -> None:
        model.partial_fit(x, y)

    return run


def autograd_full_batch(x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """One step over all rows at once."""
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y[:, None])
    model = build(x.shape[1])
    optimizer = torch.optim.Adam(model.parameters())

    def run() -> None:
        torch.set_num_threads(os.cpu_count() or 1)
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(inputs), targets).backward()
        optimizer.step()

    return run


def write_arrays(directory: Path, rows: int) -> list[str]:
    """train_data.npz of `rows` rows, val_data.npz of a fifth, at most 100,000; their flags."""
    x, y = make_rows(rows)
    np.savez(directory / "train_data.npz", X_train=x, y_train=y)
    few = min(rows // 5, 100_000)
    np.savez(directory / "val_data.npz", X_val=x[:few], y_val=y[:few])
    return [f"--train={directory / 'train_data.npz'}", f"--val={directory / 'val_data.npz'}"]


def program(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def small_run() -> float:
    """500 epochs on as many rows as the Titanic's, the whole process, against the bare import."""
    with tempfile.TemporaryDirectory() as name:
        flags = [*write_arrays(Path(name), 712), "--epochs=164", "--patience=0"]
        ours, bare = alternate(
            lambda: program("-m", "trainer", *flags, f"--model_out={name}"),
            lambda: program("-c", "import numpy, torch"),
            repeats=7,
        )
    return ours / bare


def memory(rows: int) -> float:
    """Peak memory of a run, less 350 MB, as a multiple of its training arrays."""
    with tempfile.TemporaryDirectory() as name:
        flags = write_arrays(Path(name), rows)
        return (peak([*flags, f"--model_out={name}"]) - 350e6) / (rows * (FEATURES + 1) * 4)


def memory_of_shards(many: int, few: int, rows: int = 200_000) -> float:
    """Peak memory of a run on `many` shards of so many rows, as a multiple of one on `few`."""
    peaks = []
    for shards in (many, few):
        with tempfile.TemporaryDirectory() as name:
            _, val = write_arrays(Path(name), rows)
            for number in range(shards):  # all of them the same file
                os.link(Path(name, "train_data.npz"), Path(name, f"train-{number:05d}.npz"))
            peaks.append(peak([f"--train={name}", val, f"--model_out={name}"]))
    return peaks[0] / peaks[1]


def peak(flags: Sequence[str]) -> float:
    """The most memory, in bytes, that one epoch takes; not ru_maxrss, which a process has from
    the one that started it."""
    program = (
        "import sys; from trainer.__main__ import main; assert main(sys.argv[1:]) == 0; "
        "print(open('/proc/self/status').read())"
    )
    line = [sys.executable, "-c", program, *flags, "--epochs=1", "--batch_size=8192"]
    printed = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", printed)
    return int(kib) * 1024.0


def two_processes(hidden: tuple[int, ...], rows: int) -> float:
    """Speed of two processes of one thread each against one of one thread, by the epochs' own
    clock: starting up does not count. 1 is no gain, 2 is all there could be."""
    with tempfile.TemporaryDirectory() as name:
        flags = [
            *write_arrays(Path(name), rows),
            f"--hidden_layers={','.join(map(str, hidden))}",
            "--batch_size=8192",
            "--epochs=4",
            "--threads=1",
            f"--model_out={name}",
        ]
        one, two = alternate_epochs(
            name,
            ["-m", "trainer", *flags],
            ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "trainer"]
            + flags,
        )
    return one / two


def alternate_epochs(directory: str, *programs: list[str]) -> list[float]:
    """The median seconds of an epoch of each program, which take turns."""
    seconds: list[list[float]] = [[] for _ in programs]
    for _ in range(3):
        for arguments, times in zip(programs, seconds, strict=True):
            subprocess.run(
                [sys.executable, *arguments], check=True, capture_output=True, env=quiet()
            )
            history = np.loadtxt(Path(directory) / "eval_history.csv", delimiter=",", skiprows=2)
            times.extend(history[:, -1])
    return [statistics.median(times) for times in seconds]


def quiet() -> dict[str, str]:
    """The environment, with the thread count that torchrun would otherwise warn about."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))

"""Training where another process keeps every core busy: the default's threads against one.

    python -m benchmarks.busy [--runs 3]

Threads that wait for each other lose their cores to whoever else wants them, so a training may take
many times as long, at random; hence the maximum, beside the median. Both take turns, each run a
process of its own, whose training's seconds count. The notebook's net has steps that are too short
for a second thread; those of the wide net pay for one.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.trainer import make_rows
from trainer.compute.cpus import available_cpus
from trainer.contract import METRICS

ROWS = 12_000
FEATURES = 28
# By name, the net's hidden layers and how many epochs it learns, all rows in one batch.
NETS = {"the notebook's net": ("64,32", 200), "a wide net": ("512,512", 4)}
MAX_MEDIAN, MAX_MAXIMUM = 1.3, 2.0  # aimed at
OTHER = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"  # ends with this process


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Prints and returns the ratios by name: the default's seconds over one thread's."""
    parser = argparse.ArgumentParser(description="How training fares on a busy machine.")
    parser.add_argument("--runs", type=int, default=10, help="of each")
    runs = parser.parse_args(arguments).runs
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory, every_core_busy():
        data = write_arrays(Path(directory))
        for name, (hidden, epochs) in NETS.items():
            flags = [*data, f"--hidden_layers={hidden}", f"--epochs={epochs}", "--patience=0"]
            default, one = alternate_seconds(flags, Path(directory), runs)
            for figure, of, target in (
                ("median", statistics.median, MAX_MEDIAN),
                ("maximum", max, MAX_MAXIMUM),
            ):
                label = f"busy machine, {name}: {figure} against one thread (at most)"
                ratios[label] = of(default) / of(one)
                print(f"{label:<70} {ratios[label]:8.2f}   (target {target:g})", flush=True)
    return ratios


def write_arrays(directory: Path) -> list[str]:
    """train.npz and val.npz, and the flags that name them."""
    import numpy as np

    x, y = make_rows(ROWS + 1000, FEATURES)
    np.savez(directory / "train.npz", X_train=x[:ROWS], y_train=y[:ROWS])
    np.savez(directory / "val.npz", X_val=x[ROWS:], y_val=y[ROWS:])
    return [f"--train={directory / 'train.npz'}", f"--val={directory / 'val.npz'}"]


@contextlib.contextmanager
def every_core_busy() -> Iterator[None]:
    """Keeps a process busy for each processor that this one may use."""
    line = [sys.executable, "-c", OTHER, str(os.getpid())]
    others = [subprocess.Popen(line) for _ in range(available_cpus())]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def alternate_seconds(
    flags: Sequence[str], directory: Path, runs: int
) -> tuple[list[float], list[float]]:
    """The seconds of so many trainings of the default's threads, and of one thread."""
    environ = {**os.environ}
    environ.pop("OMP_NUM_THREADS", None)  # what the user says of threads would hold for both
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for threads, times in zip((0, 1), seconds, strict=True):
            out = directory / "run"
            line = [sys.executable, "-m", "trainer", *flags, f"--threads={threads}"]
            subprocess.run(
                [*line, f"--model_out={out}"], env=environ, check=True, capture_output=True
            )
            times.append(json.loads((out / METRICS).read_text())["seconds"])
    return seconds


if __name__ == "__main__":
    main()

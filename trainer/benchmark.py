"""Times the same training in several ways on this machine, so that one is chosen by its numbers.

    python -m trainer.benchmark --train train_data.npz --val val_data.npz [--hidden_layers 64,32 …]

Each variant is the real program, `python -m trainer`, ended once enough epochs have been seen.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer import contract
from trainer.compute.cpus import available_cpus
from trainer.config import Config
from trainer.errors import TabularError, exit_on_error
from trainer.terminal import echo

SECONDS = 1.0  # of epochs in each turn of a variant, after the first epoch
TURNS = 2
POLL_SECONDS = 0.02
# Seconds in which the GPUs of one machine exchange the gradients of a small net: of this order.
# Where several GPUs are measured, that counts instead.
EXCHANGE = 1e-4
NOISE = 0.95  # a variant is faster than a simpler one if its epoch takes less than this share of it


@dataclass(frozen=True)
class Variant:
    """A variant to train: so many processes of so many threads each, on the CPU or on CUDA GPUs."""

    name: str
    device: str
    processes: int
    threads: int

    def command(self, flags: Sequence[str], directory: str) -> list[str]:
        start = [sys.executable]
        if self.processes > 1:
            start += ["-m", "torch.distributed.run", "--standalone"]
            start += [f"--nproc_per_node={self.processes}"]
        # The last of a repeated flag counts: these stand after the user's.
        ours = [f"--device={self.device}", f"--threads={self.threads}", f"--model_out={directory}"]
        return [*start, "-m", "trainer", *flags, *ours, "--epochs=1000000000", "--patience=0"]


@dataclass(frozen=True)
class Timing:
    """The median seconds of an epoch, its validation included, trained in that variant."""

    variant: Variant
    seconds: float
    epochs: int


def variants() -> list[Variant]:
    """The variants that this machine offers; the first is one process of one thread."""
    import torch

    cores = available_cpus()
    offered = [Variant("1 process, 1 thread", "cpu", 1, 1)]
    if cores > 1:
        offered.append(Variant(f"1 process, {cores} threads", "cpu", 1, cores))
        half = cores // 2
        offered.append(Variant(f"2 processes, {half} thread(s) each", "cpu", 2, half))
    gpus = torch.cuda.device_count()
    if gpus:
        offered.append(Variant("1 GPU", "cuda", 1, 1))
    if gpus > 1:
        offered.append(Variant(f"{gpus} GPUs", "cuda", gpus, 1))
    return offered


def measure(flags: Sequence[str]) -> list[Timing]:
    """Times each variant of `variants`, in turns, so that a machine that slows down slows them all.

    Args:
        flags: of `python -m trainer`; the device, threads, epochs and results are set here.

    Raises:
        TabularError: a variant ended by itself; with the last line that it wrote.
    """
    offered = variants()
    seconds: list[list[float]] = [[] for _ in offered]
    for _ in range(TURNS):
        for variant, times in zip(offered, seconds, strict=True):
            times += _epochs(variant, flags)
    return [
        Timing(variant, statistics.median(times), len(times))
        for variant, times in zip(offered, seconds, strict=True)
    ]


def _epochs(variant: Variant, flags: Sequence[str]) -> list[float]:
    """The seconds of a training's epochs, of enough of them, but for the first."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIP_", "CLUSTER_"))}
    environment["OMP_NUM_THREADS"] = str(variant.threads)
    if variant.device == "cuda" and variant.processes == 1:
        visible = environment.get("CUDA_VISIBLE_DEVICES", "0")
        environment["CUDA_VISIBLE_DEVICES"] = visible.partition(",")[0]
    with tempfile.TemporaryDirectory() as directory:
        progress = Path(directory, contract.PROGRESS)
        with Path(directory, "printed").open("w+") as printed:
            process = subprocess.Popen(
                variant.command(flags, directory), stdout=printed, stderr=printed, env=environment
            )
            try:
                while not (seconds := _seconds(progress)[1:]) or sum(seconds) < SECONDS:
                    if process.poll() is not None:
                        printed.seek(0)
                        *_, last = printed.read().splitlines() or [""]
                        raise TabularError(f"{variant.name} must train, got: {last.strip()}")
                    time.sleep(POLL_SECONDS)
            finally:
                process.send_signal(signal.SIGTERM)  # torchrun hands it on
                process.wait()
    return seconds


def _seconds(progress: Path) -> list[float]:
    """The seconds of the epochs in a progress file, but for a line that is being written."""
    try:
        lines = progress.read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line)["seconds"] for line in lines]


def table(timings: Sequence[Timing], rows: int, epochs: int) -> str:
    """The timings as text: rows/s, seconds an epoch, the most that a run of so many epochs takes,
    and the ratio to the first."""
    lines = [f"{'':32}{'rows/s':>14}{'s an epoch':>12}{'s at most':>14}{'ratio':>8}"]
    for timing in timings:
        lines.append(
            f"{timing.variant.name:32}{rows / timing.seconds:14,.0f}{timing.seconds:12.5f}"
            f"{timing.seconds * epochs:14.1f}{timings[0].seconds / timing.seconds:8.2f}"
        )
    lines.append(
        f"At most: of {epochs} epochs, which early stopping may cut short. Start-up is not counted."
    )
    return "\n".join(lines)


def verdict(timings: Sequence[Timing], steps: int) -> str:
    """Which variant is fastest, whether several processes or GPUs pay, and when more would help;
    starting up, which takes several processes longest, does not count. `steps` is of an epoch."""
    said = [f"Fastest here: {_fastest(timings).variant.name}."]
    for device, noun in (("cpu", "processes"), ("cuda", "GPUs")):
        ours = [timing for timing in timings if timing.variant.device == device]
        ones = [timing for timing in ours if timing.variant.processes == 1]
        many = [timing for timing in ours if timing.variant.processes > 1]
        if ones and many:
            said.append(_several(_fastest(ones), many[0], steps, noun))
        elif device == "cuda":
            said.append(_more_gpus(ones[0].seconds / steps if ones else None))
    return " ".join(said)


def _fastest(timings: Sequence[Timing]) -> Timing:
    """Of variants that differ by the noise only, the simplest, which comes first."""
    best = timings[0]
    for timing in timings[1:]:
        if timing.seconds < NOISE * best.seconds:
            best = timing
    return best


def _several(one: Timing, many: Timing, steps: int, noun: str) -> str:
    """Whether `many` pay. A step of n takes an nth of its time in one, and exchanging gradients:
    what that takes tells when they would pay, or when more would."""
    n, ratio = many.variant.processes, one.seconds / many.seconds
    pays = ratio * NOISE > 1
    said = f"{n} {noun} {'pay' if pays else 'do not pay'}: {ratio:.2f} times the speed of one."
    if (
        one.variant.threads != many.variant.threads
    ):  # a process of the many has fewer: not comparable
        return said
    step = one.seconds / steps  # with its share of validation
    exchange = max(0.0, many.seconds / steps - step / n)
    if pays:
        return (
            f"{said} More would help while the share of one in a step, {_ms(step / n)}, takes "
            f"longer than exchanging gradients, {_ms(exchange)}."
        )
    worth = exchange / (NOISE - 1 / n)
    return (
        f"{said} Exchanging gradients takes {_ms(exchange)} a step: they would pay if a step of "
        f"one took {_ms(worth)} instead of {_ms(step)}, with more rows a step or a wider net."
    )


def _more_gpus(step: float | None) -> str:
    """Of GPUs that are not here; `step` is the seconds of a step on one, if there is one."""
    exchange = f"exchanging gradients usually takes some {_ms(EXCHANGE)}"
    if step is None:
        return f"Several GPUs would help if a step of one took {_ms(2 * EXCHANGE)}: {exchange}."
    helps = "may" if step > 2 * EXCHANGE else "would not"
    return f"More GPUs {helps} help: a step of one takes {_ms(step)}, and {exchange}."


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms"


def main(arguments: Sequence[str]) -> None:
    """Measures and prints one JSON list."""
    Config.from_args(list(arguments))  # refuses what no training would take
    echo(json.dumps([asdict(timing) for timing in measure(arguments)], indent=2))


if __name__ == "__main__":
    with exit_on_error():
        main(sys.argv[1:])

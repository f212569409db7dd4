"""The timing of variants to train: the real program is run, and the verdict follows the numbers."""

from pathlib import Path

import numpy as np
import pytest

from trainer import benchmark
from trainer.benchmark import Timing, Variant
from trainer.errors import TabularError

pytestmark = pytest.mark.slow

NO_GPU = (
    "Several GPUs would help if a step of one took 0.2 ms: exchanging gradients usually takes some "
    "0.1 ms."
)
ONE, TWO = Variant("one", "cpu", 1, 1), Variant("two", "cpu", 2, 1)


def arrays(directory: Path) -> list[str]:
    x = np.random.default_rng(0).standard_normal((200, 3), dtype=np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    np.savez(directory / "train.npz", X_train=x, y_train=y)
    np.savez(directory / "val.npz", X_val=x, y_val=y)
    return [f"--train={directory / 'train.npz'}", f"--val={directory / 'val.npz'}"]


def test_two_processes_are_timed_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert benchmark.variants()[0] == Variant("1 process, 1 thread", "cpu", 1, 1)
    monkeypatch.setattr(benchmark, "SECONDS", 0.0)
    monkeypatch.setattr(benchmark, "TURNS", 1)
    monkeypatch.setattr(benchmark, "variants", lambda: [TWO])
    (timing,) = benchmark.measure(arrays(tmp_path))
    assert timing.variant == TWO and timing.seconds > 0 and timing.epochs >= 1


def test_what_stops_a_training_is_said(tmp_path: Path) -> None:
    with pytest.raises(TabularError, match="1 process, 1 thread must train, got: .*hidden"):
        benchmark.measure([*arrays(tmp_path), "--hidden_layers=0"])


def test_several_processes_pay_only_where_they_are_faster() -> None:
    slower = benchmark.verdict([Timing(ONE, 1.0, 3), Timing(TWO, 2.0, 3)], steps=1000)
    assert slower == (
        "Fastest here: one. 2 processes do not pay: 0.50 times the speed of one. Exchanging "
        "gradients takes 1.5 ms a step: they would pay if a step of one took 3.3 ms instead of "
        f"1 ms, with more rows a step or a wider net. {NO_GPU}"
    )
    faster = benchmark.verdict([Timing(ONE, 1.8, 3), Timing(TWO, 1.0, 3)], steps=100)
    assert faster == (
        "Fastest here: two. 2 processes pay: 1.80 times the speed of one. More would help while "
        f"the share of one in a step, 9 ms, takes longer than exchanging gradients, 1 ms. {NO_GPU}"
    )


def test_a_gain_within_the_noise_does_not_count() -> None:
    said = benchmark.verdict([Timing(ONE, 1.0, 3), Timing(TWO, 0.97, 3)], steps=10)
    assert said.startswith("Fastest here: one. 2 processes do not pay: 1.03 times")


def test_processes_of_fewer_threads_than_the_best_tell_nothing_of_the_exchange() -> None:
    threads = Timing(Variant("threads", "cpu", 1, 2), 0.6, 3)
    said = benchmark.verdict([Timing(ONE, 1.0, 3), threads, Timing(TWO, 0.5, 3)], steps=10)
    assert said == f"Fastest here: two. 2 processes pay: 1.20 times the speed of one. {NO_GPU}"


def test_when_more_gpus_would_help() -> None:
    """From what several need for the exchange; or, with one GPU, from what they usually need."""
    cpu, gpu = Timing(ONE, 9.0, 3), Variant("1 GPU", "cuda", 1, 1)
    said = benchmark.verdict([cpu, Timing(gpu, 1.0, 3)], steps=1000)
    assert said == (
        "Fastest here: 1 GPU. More GPUs may help: a step of one takes 1 ms, and exchanging "
        "gradients usually takes some 0.1 ms."
    )
    short = benchmark.verdict([cpu, Timing(gpu, 1.0, 3)], steps=10_000)
    assert "More GPUs would not help: a step of one takes 0.1 ms, and" in short
    four = Timing(Variant("4 GPUs", "cuda", 4, 1), 0.5, 3)
    said = benchmark.verdict([cpu, Timing(gpu, 1.0, 3), four], steps=1000)
    assert "4 GPUs pay: 2.00 times the speed of one. More would help while" in said
    assert "0.25 ms, takes longer than exchanging gradients, 0.25 ms" in said


def test_one_core_is_one_way() -> None:
    assert benchmark.verdict([Timing(ONE, 1.0, 3)], steps=1) == f"Fastest here: one. {NO_GPU}"


def test_the_table_compares_with_one_process_and_says_what_it_leaves_out() -> None:
    *_, last, note = benchmark.table([Timing(ONE, 2.0, 3), Timing(TWO, 0.5, 3)], 9, 10).splitlines()
    assert last.split() == ["two", "18", "0.50000", "5.0", "4.00"]
    assert "10 epochs, which early stopping may cut short" in note and "not counted" in note

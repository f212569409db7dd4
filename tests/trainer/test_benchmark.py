"""The timing of ways to train: the real program is run, and the verdict follows the numbers."""

from pathlib import Path

import numpy as np
import pytest

from trainer import benchmark
from trainer.benchmark import Timing, Way
from trainer.errors import TabularError

pytestmark = pytest.mark.slow

ONE, TWO = Way("one", "cpu", 1, 1), Way("two", "cpu", 2, 1)


def arrays(directory: Path) -> list[str]:
    x = np.random.default_rng(0).standard_normal((200, 3), dtype=np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    np.savez(directory / "train.npz", X_train=x, y_train=y)
    np.savez(directory / "val.npz", X_val=x, y_val=y)
    return [f"--train={directory / 'train.npz'}", f"--val={directory / 'val.npz'}"]


def test_two_processes_are_timed_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert benchmark.ways()[0] == Way("1 process, 1 thread", "cpu", 1, 1)
    monkeypatch.setattr(benchmark, "SECONDS", 0.0)
    monkeypatch.setattr(benchmark, "TURNS", 1)
    monkeypatch.setattr(benchmark, "ways", lambda: [TWO])
    (timing,) = benchmark.measure(arrays(tmp_path))
    assert timing.way == TWO and timing.seconds > 0 and timing.epochs >= 1


def test_what_stops_a_training_is_said(tmp_path: Path) -> None:
    with pytest.raises(TabularError, match="1 process, 1 thread must train, however: .*hidden"):
        benchmark.measure([*arrays(tmp_path), "--hidden=0"])


def test_several_processes_pay_only_where_they_are_faster() -> None:
    slower = benchmark.verdict([Timing(ONE, 1.0, 3), Timing(TWO, 2.0, 3)])
    assert slower == "Fastest here: one. 2 processes do not pay: 0.50 times the speed of one."
    faster = benchmark.verdict([Timing(ONE, 1.8, 3), Timing(TWO, 1.0, 3)])
    assert faster == "Fastest here: two. 2 processes pay: 1.80 times the speed of one."


def test_the_table_compares_with_one_process_and_says_what_it_leaves_out() -> None:
    *_, last, note = benchmark.table([Timing(ONE, 2.0, 3), Timing(TWO, 0.5, 3)], 9, 10).splitlines()
    assert last.split() == ["two", "18", "0.50000", "5.0", "4.00"]
    assert "10 epochs, which early stopping may cut short" in note and "not counted" in note

"""The benchmark of a busy machine: the others are there while it measures, and gone afterwards."""

from pathlib import Path

import psutil
import pytest

from benchmarks import busy
from trainer.compute.cpus import available_cpus

pytestmark = pytest.mark.slow


def test_every_core_is_busy_until_the_end() -> None:
    before = set(psutil.Process().children())
    with pytest.raises(KeyboardInterrupt), busy.every_core_busy():
        others = set(psutil.Process().children()) - before
        assert len(others) == available_cpus()
        raise KeyboardInterrupt
    assert not any(other.is_running() for other in others)


def test_each_turn_has_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "ROWS", 200)
    flags = [*busy.write_arrays(tmp_path), "--epochs=2", "--patience=0"]
    default, one = busy.alternate_seconds(flags, tmp_path, 1)
    assert len(default) == len(one) == 1 and min(*default, *one) > 0

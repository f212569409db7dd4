"""The table of qualities, tiny: two folds of one seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import quality
from pipelines.project.sample import sample_schema


def test_the_table_has_every_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "SAMPLE_ROWS", 80)
    quality.main(["--seeds=1", "--folds=2"])
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["log_loss", "sd"]
    assert len(lines) == len(quality.models("binary", None))
    for line in lines:
        loss = float(line[36:48])
        assert 0 < loss < 2, line


def test_the_strong_recipe_predicts_the_titanic_better(titanic: Path) -> None:
    """Than the notebook's net, and than what is documented of it."""

    def ours(task: str, classes: list[Any] | None) -> dict[str, quality.Fit]:
        return {name: quality.our_net(task, classes, name) for name in ("plain", "strong")}

    found = quality.measure(str(titanic), sample_schema(), 1, 5, ours)
    plain, strong = (found[name][0]["log_loss"] for name in ("plain", "strong"))
    assert strong < plain - 0.01
    assert strong < 0.43


def test_held_out_targets_reach_no_model() -> None:
    """On a target of pure chance nobody does better than chance."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(400, 3)).astype(np.float32), random.integers(0, 2, 400)
    fit = quality.our_net("binary", [0, 1], "plain", epochs=100)
    p = fit(x[:200], y[:200], x[200:], 0)
    loss = -np.log(np.where(y[200:] == 1, p, 1 - p)).mean()
    assert loss > 0.68

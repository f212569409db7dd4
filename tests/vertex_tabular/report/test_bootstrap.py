"""The intervals of metrics, against the theory's."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.tasks import metrics
from vertex_tabular.report.bootstrap import intervals, wilson
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made

random = np.random.default_rng(0)


def sample(task: str, n: int = 400) -> tuple[NDArray[Any], NDArray[np.float32]]:
    y: NDArray[Any]
    if task == "regression":
        y = random.normal(7, 3, n)
        return y, (y + random.normal(size=n)).astype(np.float32)
    if task == "binary":
        y = random.integers(0, 2, n)
        return y, (y * 0.3 + random.random(n) * 0.7).round(2).astype(np.float32)  # with ties
    y = random.integers(0, 3, n)
    p = random.random((n, 3)) + 0.5 * np.eye(3)[y]
    return y, (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def test_they_are_those_that_training_recorded(made: Made) -> None:
    run = RunDirectory(made.run)
    recorded = json.loads((run.path / "metrics.json").read_text())
    for name, value in metrics.compute(run.task, run.y, run.predictions).items():
        assert value == pytest.approx(recorded[f"validation_{name}"], rel=1e-6)


@pytest.mark.parametrize("n", [2_000, 200_000])  # 200,000 rows are resampled from 2,048 of them
def test_an_interval_is_as_wide_as_the_theory_says(n: int) -> None:
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, n)
    p = np.where(generator.random(n) < 0.8, y, 1 - y).astype(np.float32)
    alone, _ = intervals("binary", y, {"model": p}, "model")
    found, share = alone["model"]["accuracy"], metrics.accuracy(y, p)
    assert found.value == pytest.approx(share)
    half = 1.96 * (share * (1 - share) / n) ** 0.5
    assert found.high - found.value == pytest.approx(half, rel=0.15)
    assert found.value - found.low == pytest.approx(half, rel=0.15)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_differences_are_paired(task: str) -> None:
    y, p = sample(task)
    alone, differences = intervals(task, y, {"model": p, "same": p}, "same")
    for name, interval in differences["model"].items():
        assert interval.low == interval.high == pytest.approx(0, abs=1e-12)
        assert alone["model"][name].low < alone["model"][name].value < alone["model"][name].high
    assert intervals(task, y, {"model": p}, "model")[0]["model"] == alone["model"]


def test_wilson() -> None:
    low, high = wilson(np.array([8.0, 0.0]), np.array([10.0, 5.0]))  # statsmodels' metrics
    assert low == pytest.approx([0.490162, 0.0], abs=1e-6)
    assert high == pytest.approx([0.943318, 0.434482], abs=1e-6)

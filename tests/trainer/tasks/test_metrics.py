"""The metrics against scikit-learn's, and weighted against rows repeated."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from trainer.tasks import metrics
from trainer.tasks.kinds import TASK_KINDS, TASKS

RANDOM = np.random.default_rng(3)
Y = RANDOM.integers(0, 2, 500).astype(float)
P = np.clip(np.round(Y * 0.3 + RANDOM.random(500) * 0.7, 2), 0.01, 0.99)  # with ties
Y3 = RANDOM.integers(0, 3, 500).astype(float)
P3 = RANDOM.dirichlet((1, 1, 1), 500) * 0.5 + np.eye(3)[Y3.astype(int)] * 0.5

Array = NDArray[Any]


def test_two_classes() -> None:
    assert metrics.auc(Y, P) == pytest.approx(sklearn_metrics.roc_auc_score(Y, P))
    assert metrics.log_loss(Y, P) == pytest.approx(sklearn_metrics.log_loss(Y, P))
    assert metrics.brier(Y, P) == pytest.approx(sklearn_metrics.brier_score_loss(Y, P))
    assert metrics.accuracy(Y, P) == sklearn_metrics.accuracy_score(Y, P > 0.5)


def test_many_classes() -> None:
    labels = P3.argmax(1)
    assert metrics.auc(Y3, P3) == pytest.approx(
        sklearn_metrics.roc_auc_score(Y3, P3, multi_class="ovr")
    )
    assert metrics.log_loss(Y3, P3) == pytest.approx(sklearn_metrics.log_loss(Y3, P3))
    assert metrics.accuracy(Y3, P3) == sklearn_metrics.accuracy_score(Y3, labels)
    assert metrics.macro_f1(Y3, P3) == pytest.approx(
        sklearn_metrics.f1_score(Y3, labels, average="macro")
    )
    assert metrics.brier(Y3, P3) == pytest.approx(
        ((P3 - np.eye(3)[Y3.astype(int)]) ** 2).sum(1).mean()
    )
    expected = sklearn_metrics.confusion_matrix(Y3, labels).tolist()
    assert metrics.confusion_matrix(Y3, P3).tolist() == expected


def test_real_numbers() -> None:
    y, p = RANDOM.normal(size=(2, 300))
    assert metrics.rmse(y, p) == pytest.approx(sklearn_metrics.root_mean_squared_error(y, p))
    assert metrics.mae(y, p) == pytest.approx(sklearn_metrics.mean_absolute_error(y, p))
    assert metrics.r_squared(y, p) == pytest.approx(sklearn_metrics.r2_score(y, p))
    assert np.isnan(metrics.r_squared(np.ones(300), p))


def test_calibration_of_a_forecast_that_is_right_as_often_as_it_says() -> None:
    sure = np.repeat([0.25, 0.75], 4)
    assert metrics.calibration_error(np.array([1, 0, 0, 0, 1, 1, 1, 0.0]), sure) == 0
    assert metrics.calibration_error(np.zeros(8), sure) == pytest.approx(0.5)


def test_one_class_has_no_auc() -> None:
    assert np.isnan(metrics.auc(np.ones(3), np.array([0.1, 0.2, 0.3])))
    assert np.isnan(metrics.auc(np.ones(3), np.array([0.1, 0.2, 0.3]), np.ones((2, 3)))).all()


def samples() -> Iterator[tuple[str, Array, Array]]:
    yield "binary", Y.astype(int), P.astype(np.float32)
    yield "multiclass", Y3.astype(int), P3.astype(np.float32)
    y = RANDOM.normal(7, 3, 400)
    yield "regression", y, (y + RANDOM.normal(size=400)).astype(np.float32)


@pytest.mark.parametrize(("task", "y", "p"), [*samples()], ids=TASKS)
def test_weights_are_rows_repeated(task: str, y: Array, p: Array) -> None:
    weights = RANDOM.integers(0, 4, (2, len(y))).astype(float)
    weighted = metrics.compute(task, y, p, weights)
    assert set(weighted) == set(TASK_KINDS[task].metrics)
    for resample in range(2):
        rows = np.repeat(np.arange(len(y)), weights[resample].astype(int))
        alone = metrics.compute(task, y, p, weights[resample])
        for name, value in metrics.compute(task, y[rows], p[rows]).items():
            assert weighted[name][resample] == pytest.approx(value, rel=1e-9), name
            assert alone[name] == pytest.approx(value, rel=1e-9), name


def test_the_metrics_that_a_kind_of_task_names_are_its_own() -> None:
    for kind in TASK_KINDS.values():
        assert {kind.score, kind.primary_metric, kind.loss_metric} <= set(kind.metrics)

"""What the report computes, against scikit-learn, torch and the table itself."""

from collections import Counter

import numpy as np
import pytest

from trainer import contract
from trainer.models.network import Network
from trainer.tasks import metrics
from vertex_tabular.report import axis, baselines, curves, data, groups, importance
from vertex_tabular.report.baselines import TrainingRows
from vertex_tabular.report.columns import columns_of
from vertex_tabular.run.arrays import read_rows
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made, rows_of

random = np.random.default_rng(0)


def test_the_network_predicts_what_the_model_did(made: Made) -> None:
    run = RunDirectory(made.run)
    x, _ = read_rows(made.arrays["val_data"], contract.VAL_KEYS)
    network = Network(run.path / contract.WEIGHTS, "mlp")
    np.testing.assert_allclose(network.predict(run.task, x), run.predictions, rtol=1e-4, atol=1e-6)


def test_the_first_rows(made: Made) -> None:
    x, y = read_rows(made.arrays["train_data"], contract.TRAIN_KEYS)
    some = read_rows(made.arrays["train_data"], contract.TRAIN_KEYS, 10)
    np.testing.assert_array_equal(some[0], x[:10])
    np.testing.assert_array_equal(some[1], y[:10])


@pytest.mark.parametrize("k", [2, 4])
def test_logistic_regression_is_sklearns(k: int) -> None:
    from sklearn.linear_model import LogisticRegression

    x = random.normal(size=(800, 5))
    x[:, 4] = 1.5  # constant, as a column may be
    y = (x @ random.normal(size=(5, k)) + random.gumbel(size=(800, k))).argmax(axis=1)
    predict = baselines.fit(TrainingRows("multiclass", x, y, k))["Logistic regression"]
    # Of two classes, scikit-learn has one set of weights where there are two here, of half the
    # size each: half the penalty.
    oracle = LogisticRegression(C=2 if k == 2 else 1, tol=1e-6).fit(x, y)
    np.testing.assert_allclose(predict(x), oracle.predict_proba(x), atol=1e-3)


def test_linear_regression_is_sklearns() -> None:
    from sklearn.linear_model import Ridge

    x, y = random.normal(size=(300, 4)), random.normal(5, 2, 300)
    found = baselines.fit(TrainingRows("regression", x, y, 0))
    np.testing.assert_allclose(found["Linear regression"](x), Ridge().fit(x, y).predict(x))
    np.testing.assert_allclose(found["Training mean"](x), y.mean())


def test_the_majority_class_has_the_shares_of_the_training_rows() -> None:
    predict = baselines.fit(TrainingRows("binary", np.zeros((4, 1)), np.array([0, 0, 0, 1]), 2))
    assert predict["Majority class"](np.zeros((2, 1))) == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize("n", [50, 5_000])
def test_curves(n: int) -> None:
    from sklearn.metrics import average_precision_score, roc_curve

    ones = random.random(n) < 0.3
    scores = (random.random(n) + 0.3 * ones).round(3).astype(np.float32)
    ranking = curves.ranking(ones, scores)
    assert ranking
    fpr, tpr, thresholds = ranking.roc()
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1) and len(fpr) <= 200
    exact = set(zip(*roc_curve(ones, scores, drop_intermediate=False), strict=True))
    assert set(zip(fpr, tpr, thresholds, strict=True)) <= exact
    assert ranking.average_precision == pytest.approx(average_precision_score(ones, scores))
    assert max(len(values) for values in ranking.precision_recall()) <= 200
    assert curves.ranking(np.ones(n, bool), scores) is None


def test_thresholds_count_rows_above() -> None:
    y, p = random.integers(0, 2, 300), random.random(300).round(2).astype(np.float32)
    found = curves.thresholds(y, p)
    for i, threshold in enumerate(curves.THRESHOLDS):
        above = p.astype(np.float64) > threshold
        assert (found.ones[i], found.zeros[i]) == (above[y == 1].sum(), above[y == 0].sum())


def test_calibration_has_the_parts_of_the_calibration_error() -> None:
    p = random.random(500)
    y = (random.random(500) < p**2).astype(float)
    found = curves.calibration(y, p)
    gap = (np.abs(found.share - found.confidence) * found.rows).sum() / 500
    assert gap == pytest.approx(metrics.calibration_error(y, p))


def test_groups_are_the_tables(made: Made) -> None:
    run = RunDirectory(made.run)
    x, _ = read_rows(made.arrays["val_data"], contract.VAL_KEYS)
    errors = groups.errors_of(run.task, run.y, run.predictions)
    found = {g.column: g for g in groups.groups_of(run.task, columns_of(run), x, errors)}
    assert list(found) == ["region", "colour", "new"]
    rows = rows_of(run, x, made.table)
    for column, group in found.items():
        values = [made.table[column][row] or "none" for row in rows]
        assert {level.name: level.rows for level in group.levels} == Counter(values)
        for level in group.levels:
            mine = errors[[value == level.name for value in values]]
            assert level.error == pytest.approx(mine.mean())
            assert level.low <= level.error <= level.high


def test_the_profile_is_the_tables(made: Made) -> None:
    run = RunDirectory(made.run)
    x, _ = read_rows(made.arrays["train_data"], contract.TRAIN_KEYS)
    found = {p.name: p for p in data.summaries_of_rows(columns_of(run), x)}
    rows = rows_of(run, x, made.table)
    sizes = [made.table["size"][row] for row in rows]
    assert found["size"].quantiles == pytest.approx(np.quantile(sizes, (0, 0.25, 0.5, 0.75, 1)))
    assert sum(found["size"].shares) == pytest.approx(1)
    regions = Counter(made.table["region"][row] for row in rows)
    assert dict(found["region"].levels) == {k: n / len(rows) for k, n in regions.items()}
    assert found["day.year"].quantiles[0] >= 2015


def test_importance_finds_what_the_target_depends_on(made: Made) -> None:
    run = RunDirectory(made.run)
    x, _ = read_rows(made.arrays["val_data"], contract.VAL_KEYS)
    network = Network(run.path / contract.WEIGHTS, "mlp")
    found = importance.importances(run.task, network, columns_of(run), x, run.y)
    assert {found[0].name, found[1].name} == {"size", "region"}
    assert found[0].mean > 5 * abs(next(one.mean for one in found if one.name == "noise"))


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (0, 1, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 162, False, ["0", "50", "100", "150"]),
        (-200_000, 200_000, False, ["−200k", "−100k", "0", "100k", "200k"]),
        (-1e7, 3e7, False, ["−10M", "0", "10M", "20M", "30M"]),
        (0.03, 4, True, ["0.05", "0.1", "0.2", "0.5", "1", "2"]),
        (1e-5, 5e-5, False, ["1e−05", "2e−05", "3e−05", "4e−05", "5e−05"]),
    ],
)
def test_ticks(low: float, high: float, log: bool, labels: list[str]) -> None:
    line = axis.Axis(low, high, 0, 100, log)
    assert [label for _, label in line.ticks()] == labels
    assert all(-1e-6 <= at <= 100 + 1e-6 for at, _ in line.ticks())


@pytest.mark.parametrize("value", [0.0, 3.0, -7.5, 1e12])
def test_a_constant_has_an_axis(value: float) -> None:
    line = axis.axis(np.full(3, value), 0, 100)
    assert line.low < line.high and line.ticks()

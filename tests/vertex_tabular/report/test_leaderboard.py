"""The leaderboard: fair to trees, whole on odd tables, and plain where the model loses."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.__main__ import main
from trainer.errors import InputError
from vertex_tabular.features.spec import Feature
from vertex_tabular.report import leaderboard, trees
from vertex_tabular.report.columns import Column
from vertex_tabular.report.headline import headline
from vertex_tabular.report.leaderboard import MODEL, compare, leaderboard_of, to_dict
from vertex_tabular.report.leaderboard_table import text_of
from vertex_tabular.report.plots import validation_rows
from vertex_tabular.report.recorded import write_report_of
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made

LEVELS = 12


def coded(codes: "np.ndarray[Any, Any]", encoding: str, levels: int) -> tuple[Column, Any]:
    """A column of categories, and its features."""
    names = [f"level {number}" for number in range(levels)]
    width = levels if encoding == "onehot" else 1
    outputs = [f"c{number}" for number in range(width)]
    fixed = ([0.0] * width, [1.0] * width)
    feature = Feature("c", "categorical", encoding, outputs, names[0], names, *fixed)
    x = np.eye(levels)[codes] if encoding == "onehot" else codes[:, np.newaxis]
    return Column("c", slice(0, width), feature), x.astype(np.float32)


def test_trees_get_the_categories_however_they_are_encoded() -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, LEVELS, 600)
    y = (codes % 2 ^ (random.random(600) < 0.1)).astype(np.float32)
    found = []
    for encoding in ("ordinal", "onehot"):
        column, x = coded(codes, encoding, LEVELS)
        predict = trees.fit([column], x, y, 2)
        assert predict
        found.append(predict(x))
    np.testing.assert_array_equal(found[0], found[1])
    # As categories one split tells odd from even; every level's share is that of its rows.
    for level in range(LEVELS):
        share = y[codes == level].mean()
        assert found[0][codes == level, 1].mean() == pytest.approx(share, abs=0.05)


def test_more_levels_than_trees_can_tell_apart() -> None:
    random = np.random.default_rng(0)
    codes = np.concatenate([np.arange(1000), np.zeros(500, np.int64)])
    column, x = coded(codes, "ordinal", 1000)
    y = (codes == 0) + random.normal(0, 0.1, len(codes))
    predict = trees.fit([column], x, y, 0)
    assert predict
    predicted = predict(x)
    assert predicted[codes == 0].min() > 0.8 and predicted[codes > 0].max() < 0.2


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(2, 60),
    features=st.integers(1, 3),
    classes=st.sampled_from([0, 2, 30]),
    constant=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_trees_predict_whatever_the_rows(
    rows: int, features: int, classes: int, constant: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)).round(constant).astype(np.float32)
    y = random.integers(0, classes, rows) if classes else random.normal(size=rows)
    if classes:
        y[:2] = 0, 1
    elif constant:
        y[:] = 3
    with warnings.catch_warnings(record=True) as said:
        predict = trees.fit([], x, y, classes)
        assert predict
        predicted = predict(x)
    assert not said and np.isfinite(predicted).all()
    if classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-5)


def test_a_rare_class_does_not_end_learning_early() -> None:
    """Beyond 10,000 rows scikit-learn splits off rows by class, which takes two of each."""
    random = np.random.default_rng(0)
    x = random.normal(size=(10_001, 1)).astype(np.float32)
    y = np.zeros(10_001, np.int64)
    y[0] = 2
    y[1:5000] = 1
    predict = trees.fit([], x, y, 3)
    assert predict and np.isfinite(predict(x[:5])).all()


def trained(
    directory: Path, task: str, x: Any, y: Any, x_val: Any, y_val: Any, *flags: str
) -> RunDirectory:
    np.savez(directory / "train.npz", X_train=x, y_train=y)
    np.savez(directory / "val.npz", X_val=x_val, y_val=y_val)
    data = [f"--train={directory / 'train.npz'}", f"--val={directory / 'val.npz'}"]
    out = directory / "run"
    assert main([*data, f"--task={task}", "--epochs=2", f"--model_out={out}", *flags]) == 0
    return RunDirectory(out)


# By name: the task, the number of features, and the target of so many rows.
ODD: dict[str, tuple[str, int, Callable[[np.random.Generator, int], Any]]] = {
    "thirty classes, one of one row": (
        "multiclass",
        1,
        lambda random, n: np.append(29, random.integers(0, 29, n - 1)),
    ),
    "a class of one row": ("binary", 2, lambda random, n: np.append(1, np.zeros(n - 1))),
    "a constant target": ("regression", 1, lambda random, n: np.full(n, 7.0)),
    "large numbers": ("regression", 3, lambda random, n: 1e9 * random.normal(size=n)),
}


@pytest.mark.parametrize("table", ODD)
@pytest.mark.parametrize("val_rows", [1, 12])
def test_odd_tables(table: str, val_rows: int, tmp_path: Path) -> None:
    task, features, target = ODD[table]
    random = np.random.default_rng(0)
    x = random.normal(size=(90 + val_rows, features)).astype(np.float32)
    y = target(random, len(x)).astype(np.float32 if task == "regression" else np.int64)
    run = trained(tmp_path, task, x[:90], y[:90], x[90:], y[90:])
    board = leaderboard_of(run)
    assert [entry.name for entry in board.entries].count(MODEL) == 1
    assert {entry.name for entry in board.others} == set(run.kind.baselines)
    losses = [entry.metrics[run.kind.loss_metric].value for entry in board.entries]
    assert losses == sorted(losses)
    json.dumps(to_dict(board), allow_nan=False)
    assert "nan" not in text_of(board)
    summary = headline(run, board).summary
    assert "nan" not in summary
    if val_rows == 1:  # chance cannot be told from one row
        assert "by more than chance" not in summary
    write_report_of(run, str(tmp_path / "report.html"))
    assert "Boosted trees" in (tmp_path / "report.html").read_text()


def test_the_report_says_plainly_that_trees_win(tmp_path: Path) -> None:
    """On a table that no untrained net predicts."""
    random = np.random.default_rng(0)
    x = random.normal(size=(1200, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    run = trained(tmp_path, "binary", x[:900], y[:900], x[900:], y[900:])
    write_report_of(run, str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    assert "The model is worse than boosted trees by more than chance." in text
    assert "worse, beyond chance" in text
    board = leaderboard_of(run)
    assert board.entries[0].name == "Boosted trees"
    assert "worse, beyond chance" in text_of(board)


def test_whoever_wins_beside_the_best_is_named(runs: dict[str, Made]) -> None:
    """The best by the loss is not always the one that wins by accuracy."""
    run = RunDirectory(runs["binary"].run)
    truth = np.abs(run.y - 0.01)
    timid = np.where(run.y == 1, 0.501, 0.499)
    wrong = run.on(run.y, (1 - truth).astype(np.float32))
    summary = headline(
        wrong, compare(wrong, {"Logistic regression": truth, "Boosted trees": timid})
    ).summary
    assert summary.endswith(
        " The log loss and accuracy of boosted trees are better than the model’s by more than "
        "chance."
    )


def test_it_is_of_the_training_rows_alone(made: Made) -> None:
    """The labels of the validation rows change no prediction of a baseline."""
    run = RunDirectory(made.run)
    train = leaderboard.training_rows(run, made.arrays["train_data"])
    x = validation_rows(run, made.arrays["val_data"])
    first, notes = leaderboard.predictions_of(run, train, x)
    other, _ = leaderboard.predictions_of(run.on(run.y[::-1], run.predictions), train, x)
    assert list(first) == list(run.kind.baselines) and not notes
    for name, predicted in first.items():
        np.testing.assert_array_equal(predicted, other[name])


def test_a_long_table_is_sampled_in_the_report_alone(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboard, "MAX_NUMBERS", 100)
    monkeypatch.setattr(leaderboard, "SAMPLE_ROWS", 50)
    run = RunDirectory(made.run)
    train = leaderboard.training_rows(run, made.arrays["train_data"])
    assert len(train[1]) == 50
    x = validation_rows(run, made.arrays["val_data"])
    predictions, (note,) = leaderboard.predictions_of(run, train, x)
    assert "Boosted trees" not in predictions and "tabpipe leaderboard" in note
    assert "Boosted trees" in [entry.name for entry in leaderboard_of(run).entries]


def test_without_scikit_learn_it_names_the_extra(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    board = leaderboard_of(RunDirectory(made.run))
    assert len(board.others) == 2
    assert any("pip install 'vertex-tabular[trees]'" in note for note in board.notes)


def test_arrays_that_are_gone_are_refused(tmp_path: Path) -> None:
    x, y = np.zeros((30, 1), np.float32), np.arange(30) % 2
    run = trained(tmp_path, "binary", x, y, x, y)
    (tmp_path / "train.npz").unlink()
    with pytest.raises(InputError, match=r"train\.npz"):
        leaderboard_of(run)

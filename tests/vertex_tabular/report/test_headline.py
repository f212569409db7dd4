"""The head of a report says where the model is worse than a baseline, by whichever metric."""

import numpy as np
import pytest

from vertex_tabular.report.headline import headline
from vertex_tabular.report.leaderboard import compare
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made

AGAINST = "Logistic regression"


def test_a_metric_that_is_worse_is_said_and_marked(runs: dict[str, Made]) -> None:
    """As accurate a baseline of better probabilities."""
    run = RunDirectory(runs["binary"].run)
    sure = np.where(run.predictions > 0.5, 0.5 + 1e-3, 0.5 - 1e-3).astype(np.float32)
    ours = run.on(run.y, sure)
    shown = headline(ours, compare(ours, {AGAINST: run.predictions}))
    verdicts = {row.label: row.gain.verdict for row in shown.rows if row.gain}
    assert verdicts["Accuracy"] == "" and verdicts["ROC AUC"] == verdicts["Log loss"] == "worse"
    assert "The difference from logistic regression is within chance. Its ROC AUC, log loss" in (
        shown.summary
    )
    assert shown.summary.endswith("worse than with logistic regression by more than chance.")
    other = headline(run, compare(run, {AGAINST: sure}))
    assert "worse" not in other.summary
    assert {row.gain.verdict for row in other.rows if row.gain and row.label == "ROC AUC"} == {
        "better"
    }


@pytest.mark.parametrize("rows", [1, 2])
def test_few_rows_have_no_certain_interval(runs: dict[str, Made], rows: int) -> None:
    run = RunDirectory(runs["binary"].run)
    y = np.ones(rows, np.int64)
    few = run.on(y, np.full(rows, 0.9, np.float32))
    summary = headline(few, compare(few, {})).summary
    assert "interval" not in summary and f"of {rows} validation row" in summary

"""The runs of a machine as a DataFrame."""

from pathlib import Path

import vertex_tabular
from vertex_tabular.run.record import Run


def save(root: Path, run: Run) -> None:
    (root / run.run_id).mkdir()
    run.save(root / run.run_id)


def test_defaults_are_filled_in_and_no_cell_is_a_dict_or_a_list(tmp_path: Path) -> None:
    schema = {"target": "y", "columns": [{"name": "a", "kind": "numeric"}]}
    defaults = {"epochs": 500, "seed": 0, "schema": {"target": "z", "columns": []}}
    old = Run("old", "SUCCEEDED", 1.0, {"epochs": 3}, defaults, seconds={"train": 1.5, "a": 2.0})
    save(tmp_path, old)
    save(tmp_path, Run("new", "FAILED", 2.0, {"schema": schema}, defaults, metrics={"auc": 0.5}))
    frame = vertex_tabular.runs(tmp_path)
    assert frame.index.tolist() == ["new", "old"]
    assert frame["parameter.epochs"].tolist() == [500, 3]
    assert frame["parameter.seed"].tolist() == [0, 0]
    assert frame["parameter.schema.target"].tolist() == ["y", "z"]
    assert frame.loc["new", "parameter.schema.columns"] == '[{"name": "a", "kind": "numeric"}]'
    assert frame["seconds"].tolist() == [0.0, 3.5]
    assert frame.loc["new", "metric.auc"] == 0.5 and frame["metric.auc"].isna()["old"]
    assert not frame.map(lambda cell: isinstance(cell, dict | list)).to_numpy().any()
    assert str(frame["started"].dtype).startswith("datetime64")


def test_a_damaged_record_does_not_hide_the_others(tmp_path: Path) -> None:
    save(tmp_path, Run("whole", "SUCCEEDED", 1.0))
    save(tmp_path, Run("broken"))
    (tmp_path / "broken" / "run.json").write_text("{")
    frame = vertex_tabular.runs(tmp_path)
    assert frame["state"].to_dict() == {"broken": "DAMAGED", "whole": "SUCCEEDED"}


def test_no_runs_are_an_empty_frame_with_its_columns(tmp_path: Path) -> None:
    frame = vertex_tabular.runs(tmp_path)
    assert list(frame.columns) == ["state", "started", "seconds", "place", "name"]

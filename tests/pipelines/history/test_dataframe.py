"""All runs as one DataFrame."""

from pathlib import Path
from typing import Any

from pipelines.history.dataframe import to_frame


def test_a_row_for_each_run(finished: tuple[Path, dict[str, Any]]) -> None:
    directory, printed = finished
    frame = to_frame(directory.parent)
    row = frame.loc[directory.name]
    assert row["state"] == "SUCCEEDED" and row["place"] == "local" and row["seconds"] > 0
    assert row["parameter.epochs"] == 60
    assert row["metric.validation_auc"] == printed["metrics"]["validation_auc"]
    assert str(frame["started"].dtype).startswith("datetime64")


def test_no_runs_are_an_empty_frame_with_its_columns(tmp_path: Path) -> None:
    assert list(to_frame(tmp_path).columns) == ["state", "started", "seconds", "place", "name"]

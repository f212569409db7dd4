"""All runs as one table, for a notebook: `from pipelines.history.dataframe import to_frame`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.local.records import local_record
from pipelines.names import PIPELINES
from pipelines.record import Record
from vertex_tabular.run import dataframe
from vertex_tabular.run.find import local_runs

if TYPE_CHECKING:
    import pandas as pd


def to_frame(
    root: str | Path = "runs", project: str = "", region: str = "", limit: int = 20
) -> "pd.DataFrame":
    """The runs of this machine and, with a project, those on Vertex AI, the newest first.

    The columns are those of `vertex_tabular.runs`; `place` is "local" or the region. It takes one
    request for each run on Vertex AI.

    Args:
        root: where the runs of this machine are.
        project: of the runs on Vertex AI; none are asked for without it.
        region: of the project's runs; that of `tabpipe` when not given.
        limit: how many runs of each pipeline on Vertex AI, the newest.

    Raises:
        ImportError: pandas is not installed: `pip install pandas`.
    """
    records = [local_record(Path(root) / run_id) for run_id in local_runs(Path(root))]
    if project:
        from pipelines.vertex.session import connect, resolve_settings

        vertex = connect(resolve_settings({"project": project, "region": region or None}, None))
        for pipeline in PIPELINES:
            listed = vertex.runs(pipeline, limit)
            records += [vertex.run(each.run_id) for each in listed]
    return dataframe.to_frame(map(_row, records))


def _row(record: Record) -> dict[str, Any]:
    return dataframe.row(
        record.run_id,
        state=record.state,
        started=record.started,
        seconds=sum(step.seconds or 0.0 for step in record.steps),
        place=record.place,
        name=record.name,
        parameters=record.arguments,
        metrics=record.metrics,
    )

"""All runs as one table, for a notebook: `from pipelines.history.dataframe import to_frame`."""

from pathlib import Path
from typing import Any

from pipelines.local.records import local_record, local_runs
from pipelines.record import Record


def to_frame(root: str | Path = "runs", project: str = "", region: str = "", most: int = 20) -> Any:
    """A pandas DataFrame of the runs of this machine and, with a project, of those on Vertex AI.

    One row for each run, the newest first; the index is the run's id. Columns: `state`, `started`
    (UTC), `seconds` (the sum over its steps), `place`, `name`, and `parameter.NAME` and
    `metric.NAME` for each that a run has. It takes one request for each run on Vertex AI.

    Args:
        root: where the runs of this machine are.
        project: of the runs on Vertex AI; none are asked for without it.
        region: of the project's runs; that of `tabpipe` when not given.
        most: how many runs of each pipeline on Vertex AI, the newest.

    Raises:
        ImportError: pandas is not installed: `pip install pandas`.
    """
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

    records = [local_record(Path(root) / run_id) for run_id in local_runs(Path(root))]
    if project:
        from pipelines import prediction, training
        from pipelines.vertex.session import connect, resolve_settings

        vertex = connect(resolve_settings({"project": project, "region": region or None}, None))
        for pipeline in (training, prediction):
            listed = vertex.runs(pipeline.PIPELINE_NAME, most)
            records += [vertex.run(each.run_id) for each in listed]
    records.sort(key=lambda record: record.started, reverse=True)
    index = pd.Index([record.run_id for record in records], name="run", dtype="str")
    columns = ["state", "started", "seconds", "place", "name"]
    frame = pd.DataFrame([_row(record) for record in records], index=index)
    return frame if records else frame.reindex(columns=columns)


def _row(record: Record) -> dict[str, Any]:
    return {
        "state": record.state,
        "started": record.started,
        "seconds": sum(step.seconds or 0.0 for step in record.steps),
        "place": record.place,
        "name": record.name,
        **{f"parameter.{name}": value for name, value in record.parameters.items()},
        **{f"metric.{name}": value for name, value in record.metrics.items()},
    }

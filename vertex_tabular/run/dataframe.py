"""Runs as a pandas DataFrame, one row each."""

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import InputError
from vertex_tabular.run import record
from vertex_tabular.run.find import ROOT

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("state", "started", "seconds", "place", "name")


def runs(root: str | Path = ROOT) -> "pd.DataFrame":
    """The runs of this machine, the newest first; the index is the run's id.

    The columns are `state` (DAMAGED where run.json is), `started` (UTC), `seconds` (the sum over
    its steps), `place` (local), `name` (what it was called), and for each that a run has
    `parameter.NAME`, with the pipeline's default where none was given, and `metric.NAME`. A
    parameter that is an object becomes a column for each of its values, such as
    `parameter.schema.target`, and a list becomes JSON.

    Args:
        root: the directory of the runs.

    Raises:
        ImportError: pandas is not installed: `pip install pandas`.
    """
    return to_frame(_row_of(path.parent) for path in Path(root).glob(f"*/{record.RECORD}"))


def to_frame(rows: Iterable[dict[str, Any]]) -> "pd.DataFrame":
    """The DataFrame of rows that `row` made, the newest first."""
    import pandas as pd

    ordered = sorted(rows, key=lambda row: row["started"], reverse=True)
    index = pd.Index([row.pop("run") for row in ordered], name="run", dtype="str")
    return pd.DataFrame(ordered, index=index, columns=None if ordered else COLUMNS)


def row(
    run: str,
    *,
    state: str,
    started: datetime.datetime,
    seconds: float,
    place: str,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """One run's values, by column; of `parameters`, those that are None are left out."""
    found = {
        "run": run,
        "state": state,
        "started": started,
        "seconds": seconds,
        "place": place,
        "name": name,
    }
    for prefix, values in (("parameter", parameters), ("metric", metrics)):
        for key, value in values.items():
            found |= _flat(f"{prefix}.{key}", value)
    return found


def _row_of(directory: Path) -> dict[str, Any]:
    try:
        run = record.load(directory)
    except InputError:  # one damaged record does not hide the others
        run = record.Run(directory.name, "DAMAGED", directory.stat().st_mtime)
    return row(
        run.run_id,
        state=run.state,
        started=datetime.datetime.fromtimestamp(run.started, datetime.timezone.utc),
        seconds=sum(run.seconds.values()),
        place="local",
        name=run.name,
        parameters={**run.defaults, **run.parameters},
        metrics=run.metrics,
    )


def _flat(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= _flat(f"{name}.{key}", inner)
        return found
    if value is None:
        return {}
    return {name: json.dumps(value) if isinstance(value, list) else value}

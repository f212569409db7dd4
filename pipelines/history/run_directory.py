"""The record of a run of which there is no more than its run directory: a fetched copy, or gs://."""

import datetime
import tempfile
from pathlib import Path

from pipelines.history.fetch import Copy
from pipelines.record import Record
from trainer.contract import MANIFEST, METRICS, SPEC
from trainer.errors import TabularError
from trainer.uri import Uri, join


def record_of(source: str, copy: Copy) -> Record:
    """The record, named after its place; without steps, and with the training's parameters only.

    Args:
        source: path or gs:// URI of the run directory.
        copy: copies a file to this machine.

    Raises:
        TabularError: the run did not finish, or a file is damaged.
    """
    from vertex_tabular.report.results import SHOWN
    from vertex_tabular.run.directory import RunDirectory

    with tempfile.TemporaryDirectory() as name:
        for file in (MANIFEST, METRICS, SPEC):
            copy(join(source, file), Path(name, file))
        try:
            run = RunDirectory(name)
            metrics, target, origin = run.metrics, run.target, run.origin
        except TabularError as error:
            raise TabularError(str(error).replace(name, source)) from error
    here = not Uri(source).is_cloud
    started = Path(source, MANIFEST).stat().st_mtime if here else 0.0
    return Record(
        run_id=source,
        place="local" if here else "gs",
        state="SUCCEEDED",
        started=datetime.datetime.fromtimestamp(started, datetime.timezone.utc),
        parameters={
            **metrics["hyperparameters"],
            "schema": {"target": target, "task": metrics["task"]},
        },
        metrics={key: value for key, value in metrics.items() if key.startswith(SHOWN)},
        artifacts={"run_directory": source},
        fingerprint=origin.get("fingerprint", ""),
    )

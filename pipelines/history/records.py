"""The records of runs, those of this machine and those on Vertex AI alike.

A run is on this machine when its id names a run in `root`, else on Vertex AI.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.history.fetch import Copy, copy_file
from pipelines.local.records import local_log, local_record, local_runs
from pipelines.names import PIPELINES
from pipelines.record import Record
from pipelines.vertex.session import Session
from trainer.errors import InputError
from vertex_tabular.run.record import RECORD

if TYPE_CHECKING:
    from pipelines.vertex.client import Vertex


@dataclass(frozen=True)
class History:
    """The runs of this machine and of a project.

    Attributes:
        root: directory of the runs of this machine.
        session: for those on Vertex AI; used when it is needed.
    """

    root: Path
    session: Session

    def newest(self, limit: int) -> list[Record]:
        """The newest runs, at most `limit` of this machine and of each pipeline on Vertex AI."""
        found = [local_record(self.root / run_id) for run_id in local_runs(self.root)[:limit]]
        if self.session.settings.project.value:
            for pipeline in PIPELINES:
                found += self.session.vertex.runs(pipeline, limit)
        return sorted(found, key=lambda record: record.started, reverse=True)

    def record(self, run_id: str) -> Record:
        """The record of a run.

        Raises:
            InputError: there is no such run.
        """
        if self._is_local(run_id):
            return local_record(self.root / run_id)
        return self._vertex(run_id).run(run_id)

    def log(self, record: Record, step: str) -> Iterator[str]:
        """The lines that a step has logged so far."""
        if record.place == "local":
            yield from local_log(self.root / record.run_id, step)
            return
        for each in record.steps:
            if each.name == step and each.job:
                yield from self.session.vertex.log(each.job)

    def cancel(self, run_id: str) -> None:
        """Requests that a run be cancelled.

        Raises:
            InputError: there is no such run, or it has ended.
        """
        if self._is_local(run_id):
            from pipelines.local.run import cancel

            cancel(self.root / run_id)
        else:
            self._vertex(run_id).cancel(run_id)

    def copier(self, record: Record) -> Copy:
        """The function that copies a file of the run to this machine."""
        return copy_file if record.place == "local" else self.session.vertex.download

    def _is_local(self, run_id: str) -> bool:
        return (self.root / run_id / RECORD).is_file()

    def _vertex(self, run_id: str) -> "Vertex":
        if not self.session.settings.project.value:
            raise InputError(
                f"a run must be in {self.root}, or on Vertex AI with --project, got {run_id}; "
                "`tabpipe runs` lists the runs"
            )
        return self.session.vertex

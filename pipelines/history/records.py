"""The records of runs, those of this machine and those on Vertex AI alike.

A run is on this machine when what it is called names one in `root`, else on Vertex AI.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.history.fetch import Copy, copy_file
from pipelines.history.run_directory import record_of
from pipelines.local.records import local_log, local_record
from pipelines.names import PIPELINES
from pipelines.record import Record
from pipelines.vertex.session import Session
from trainer.contract import MANIFEST
from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.run.find import FORMS, find_directory, local_runs

if TYPE_CHECKING:
    from pipelines.vertex.client import Vertex

# Between one look and the next, on this machine and on Vertex AI, where each look costs calls.
FOLLOW_SECONDS = 0.5
FOLLOW_CLOUD_SECONDS = 10.0


@dataclass(frozen=True)
class History:
    """The runs of this machine and of a project.

    Attributes:
        root: directory of the runs of this machine.
        session: for those on Vertex AI; used when it is needed.
    """

    root: Path
    session: Session

    def local(self) -> Iterator[Record]:
        """The runs of this machine, the newest first."""
        return (local_record(self.root / run_id) for run_id in local_runs(self.root))

    def cloud(self, limit: int) -> list[Record]:
        """The newest runs of each pipeline on Vertex AI; none where no project is set.

        Raises:
            InputError: there are no credentials.
            TabularError: Vertex AI does not answer.
        """
        if not self.session.settings.project.value:
            return []
        return [
            record for pipeline in PIPELINES for record in self.session.vertex.runs(pipeline, limit)
        ]

    def record(self, run: str) -> Record:
        """The record of a run, by what `find_directory` takes, a run directory, here or on gs://,
        or its id on Vertex AI.

        Raises:
            InputError: there is no such run, or there are several.
        """
        if directory := find_directory(run, self.root):
            return local_record(directory)
        if Uri(run).is_cloud:
            return record_of(run.rstrip("/"), self.session.vertex.download)
        if run and (Path(run) / MANIFEST).is_file():
            return record_of(run, copy_file)
        return self._vertex(run).run(run)

    def log(self, record: Record, step: str) -> Iterator[str]:
        """The lines that a step has logged so far."""
        if record.directory:
            yield from local_log(Path(record.directory), step)
            return
        for each in record.steps:
            if each.name == step and each.job:
                yield from self.session.vertex.log(each.job)

    def follow(self, run: str, step: str = "") -> Iterator[tuple[str, str]]:
        """The lines that the steps log, or that one of them does, each with the step's name, until
        the run has ended."""
        told: Counter[str] = Counter()
        while True:
            record = self.record(run)
            for name in [step] if step else [each.name for each in record.steps]:
                for line in islice(self.log(record, name), told[name], None):
                    told[name] += 1
                    yield name, line
            if record.has_ended:
                return
            time.sleep(FOLLOW_SECONDS if record.directory else FOLLOW_CLOUD_SECONDS)

    def cancel(self, record: Record) -> str:
        """Requests that a run be cancelled; nothing is done to one that has ended.

        Returns:
            The state of a run that had ended already; empty for one that is being cancelled.
        """
        if record.directory:
            from pipelines.local.run import cancel

            return cancel(Path(record.directory))
        if record.has_ended:
            return record.state
        self.session.vertex.cancel(record.run_id)
        return ""

    def copier(self, record: Record) -> Copy:
        """The function that copies a file of the run to this machine."""
        return copy_file if record.place == "local" else self.session.vertex.download

    def _vertex(self, run: str) -> "Vertex":
        if not self.session.settings.project.value:
            raise InputError(
                f"a run must be one in {self.root} ({FORMS}), or on Vertex AI with --project, "
                f"got {run or 'no name'}; "
                "`tabpipe runs` lists the runs"
            )
        return self.session.vertex

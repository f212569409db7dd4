"""What is known of a run: one form for local runs and for those in the cloud."""

import datetime
from dataclasses import dataclass, field
from typing import Any

UNFINISHED = ("PENDING", "RUNNING")


@dataclass
class Step:
    """One step of a run.

    Attributes:
        name: the task's name in the pipeline.
        state: WAITING, RUNNING, SUCCEEDED, CACHED, SKIPPED, FAILED, CANCELLED or KILLED.
        seconds: how long it took; None while it has not ended.
        job: resource name of the CustomJob it started; empty if there is none.
        error: why it failed, as the platform says it.
        progress: how far its training is, while it runs on this machine; or empty.
    """

    name: str
    state: str
    seconds: float | None = None
    job: str = ""
    error: str = ""
    progress: str = ""


@dataclass
class Record:
    """One run.

    Attributes:
        run_id: its directory's name, or its id on Vertex AI.
        place: "local" or the region.
        state: PENDING, RUNNING, SUCCEEDED, FAILED or CANCELLED; on this machine also KILLED, and
            DAMAGED where a run's files cannot be read.
        started: when it was submitted.
        name: what the Console shows; of a local run what the user called it, or empty.
        artifacts: URI or path of each output of the pipeline, by name.
        sizes: bytes of each artifact, by name; empty when they were not asked for.
        defaults: what the YAML gives where `parameters` has no value.
        val_sha256: of the file of the validation rows; empty when that is not known.
        fingerprint: what tells its table from any other; empty when that is not known.
        code: digest of the code of a local run; empty when that is not known.
        error: why it failed, one line.
        link: its page in the Console; empty for a local run.
        directory: of a local run; empty for one on Vertex AI.
    """

    run_id: str
    place: str
    state: str
    started: datetime.datetime
    name: str = ""
    steps: list[Step] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    val_sha256: str = ""
    fingerprint: str = ""
    code: str = ""
    error: str = ""
    link: str = ""
    directory: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be heard of it."""
        return self.state not in UNFINISHED

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters with the defaults of those that were not given."""
        return {**self.defaults, **self.parameters}

    @property
    def seconds(self) -> float | None:
        """How long its steps took together; None where that is not known."""
        known = [step.seconds for step in self.steps if step.seconds is not None]
        return sum(known) if known else None

    @property
    def target(self) -> str:
        """The column that is predicted; empty for a run of the pipeline that predicts."""
        schema = self.arguments.get("schema")
        target = schema.get("target", "") if isinstance(schema, dict) else ""
        return str(target.get("name", "") if isinstance(target, dict) else target)

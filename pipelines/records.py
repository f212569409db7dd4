"""What is known of a run: one form for local runs and for those in the cloud."""

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipelines.local import in_order, read_record
from pipelines.local_step import log_path
from pipelines.parameters import declared, defaults
from trainer.errors import InputError


@dataclass
class Step:
    """One step of a run.

    Attributes:
        name: the task's name in the pipeline.
        state: WAITING, RUNNING, SUCCEEDED, CACHED, FAILED or CANCELLED.
        seconds: how long it took; None while it has not ended.
        job: resource name of the CustomJob it started; empty if there is none.
        error: why it failed, as the platform says it.
    """

    name: str
    state: str
    seconds: float | None = None
    job: str = ""
    error: str = ""


@dataclass
class Record:
    """One run.

    Attributes:
        run_id: its directory's name, or its id on Vertex AI.
        place: "local" or the region.
        state: PENDING, RUNNING, SUCCEEDED, FAILED or CANCELLED.
        started: when it was submitted.
        name: what the Console shows; empty for a local run.
        artifacts: URI or path of each output of the pipeline, by name.
        sizes: bytes of each artifact, by name; empty when they were not asked for.
        defaults: what the YAML gives where `parameters` has no value.
        val_sha256: of the file of the validation rows; empty when that is not known.
        fingerprint: what tells its table from any other; empty when that is not known.
        code: digest of the code of a local run; empty when that is not known.
        error: why it failed, one line.
        link: its page in the Console; empty for a local run.
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

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters with the defaults of those that were not given."""
        return {**self.defaults, **self.parameters}


def local_runs(root: Path) -> list[str]:
    """The ids of the runs in a directory, the newest first."""
    return sorted((path.parent.name for path in root.glob("*/run.json")), reverse=True)


def local_record(directory: Path) -> Record:
    """The record of a run on this machine.

    Raises:
        InputError: the directory holds no run.
    """
    try:
        run = json.loads((directory / "run.json").read_text())
        spec = yaml.safe_load((directory / "training.yaml").read_text())
    except FileNotFoundError as error:
        raise InputError(f"a run's directory has run.json, however: {directory}: {error}") from None
    steps = []
    for name in in_order(spec["root"]["dag"]["tasks"]):
        record = read_record(directory, name)
        if not record:
            state = "CACHED" if name in run["cached"] else "WAITING"
        elif "seconds" not in record:
            state = "RUNNING" if run["state"] == "RUNNING" else "CANCELLED"
        else:
            state = "FAILED" if record["status"] else "SUCCEEDED"
        steps.append(Step(name, state, record.get("seconds")))
    return Record(
        run_id=run["run_id"],
        place="local",
        state=run["state"],
        started=datetime.datetime.fromtimestamp(
            (directory / "training.yaml").stat().st_mtime, datetime.timezone.utc
        ),
        steps=steps,
        parameters=run["parameters"],
        metrics=run["metrics"],
        artifacts=run["artifacts"],
        sizes={name: size_on_disk(Path(path)) for name, path in run["artifacts"].items()},
        defaults=defaults(declared(spec)),
        val_sha256=run.get("val_sha256", ""),
        fingerprint=run.get("fingerprint", ""),
        code=run.get("code", ""),
        error=run["error"],
    )


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all files in a directory; 0 when it is gone."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def local_log(directory: Path, step: str) -> list[str]:
    """The lines that a step of a local run has written so far."""
    try:
        return log_path(directory, step).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []

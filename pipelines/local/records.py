"""The runs of this machine, read from their directories."""

import datetime
from pathlib import Path

from pipelines.local.graph_steps import is_graph, steps_of
from pipelines.local.step import log_path
from pipelines.local.step_records import read_record, step_progress
from pipelines.record import Record, Step
from pipelines.spec import read_pipeline, spec_of
from pipelines.steps import in_order
from trainer.errors import InputError
from vertex_tabular.run.record import RECORD, load

PIPELINE = "pipeline.yaml"  # the compiled YAML, in a run's directory


def local_record(directory: Path) -> Record:
    """The record of a run on this machine; one whose files cannot be read is DAMAGED, and its error
    says why."""
    try:
        return _record(directory)
    except InputError as error:
        started = datetime.datetime.fromtimestamp(
            (directory / RECORD).stat().st_mtime, datetime.timezone.utc
        )
        return Record(
            directory.name,
            "local",
            "DAMAGED",
            started,
            error=str(error),
            directory=str(directory),
        )


def _record(directory: Path) -> Record:
    run = load(directory)
    steps = []
    for name, known in _steps(directory).items():
        record = read_record(directory, name)
        if known:
            state = known
        elif not record:
            state = "CACHED" if name in run.cached else "WAITING"
        elif "seconds" not in record:
            state = run.state if run.state in ("RUNNING", "KILLED") else "CANCELLED"
        else:
            state = "FAILED" if record["status"] else "SUCCEEDED"
        progress = step_progress(directory, name) if state == "RUNNING" else ""
        steps.append(Step(name, state, record.get("seconds"), progress=progress))
    return Record(
        run_id=run.run_id,
        place="local",
        state=run.state,
        started=datetime.datetime.fromtimestamp(run.started, datetime.timezone.utc),
        steps=steps,
        parameters=run.parameters,
        metrics=run.metrics,
        artifacts=run.artifacts,
        sizes={name: size_on_disk(Path(path)) for name, path in run.artifacts.items()},
        defaults=run.defaults,
        val_sha256=run.val_sha256,
        fingerprint=run.fingerprint,
        code=run.code,
        error=run.error,
        name=run.name,
        directory=str(directory),
    )


def _steps(directory: Path) -> dict[str, str]:
    """The names of the steps of a run, and SKIPPED of those that will not start."""
    if is_graph(directory):
        return steps_of(directory)
    path = directory / PIPELINE
    spec = spec_of(read_pipeline(path), str(path))
    return dict.fromkeys(in_order(spec["root"]["dag"]["tasks"]), "")


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

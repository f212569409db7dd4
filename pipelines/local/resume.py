"""A run that was killed, interrupted or failed goes on: it is given what it was given, the steps
that it finished are kept, and a training continues from its checkpoint.
"""

import contextlib
import fcntl
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.objects import fingerprint
from pipelines.local.cache.changes import ABSENT, changes, short
from pipelines.local.cache.code import code_fingerprint
from pipelines.local.digests import damage, damaged
from pipelines.local.graph_steps import is_graph
from pipelines.local.kfp_internals import LAUNCHER
from pipelines.local.processes import end_processes_of
from pipelines.local.records import PIPELINE
from pipelines.local.step import record_path, write_record
from pipelines.local.step_records import pinned, read_record
from pipelines.parameters import declared, parse_settings
from pipelines.request import RunRequest, check_request
from pipelines.spec import read_pipeline, spec_of
from pipelines.steps import in_order
from trainer.contract import remove_leftovers
from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.run.find import FORMS, find_directory, find_run
from vertex_tabular.run.record import Run, load
from vertex_tabular.schema.reader import read_schema

LOCK = ".lock"


def find(root: Path, name: str) -> Path:
    """The directory of a run, by what `find_directory` takes.

    Raises:
        InputError: there is no such run, or more than one.
    """
    directory = find_directory(name, root)
    if directory is None:
        raise InputError(
            f"--resume must name a run in {root} ({FORMS}), got {name}; "
            "`tabpipe runs` lists the runs"
        )
    return directory.resolve()


def request_of(
    directory: Path,
    csv: str | None = None,
    schema: Path | None = None,
    sets: Iterable[str] = (),
    model: str | None = None,
) -> RunRequest:
    """What a run was given, to be given to it again.

    Args:
        directory: of the run.
        csv, schema, sets, model: as `request.local_request` takes them, of a user who says again
            what the run was given; None and empty are what it was.

    Raises:
        InputError: one of them, the table, the model or the code is not what it was; it names each.
    """
    run = load(directory)
    if is_graph(directory):
        raise InputError(
            f"a run to resume must be of tabpipe's own pipelines, got {run.run_id}, of a pipeline "
            "from a file; start a new run"
        )
    compiled = read_pipeline(directory / PIPELINE)
    given = parse_settings(sets, declared(spec_of(compiled)))
    if csv is not None:
        given["csv"] = csv
    if schema is not None:
        given["schema"] = read_schema(schema)
    if model is not None:
        given["run_directory"] = find_run(model, directory.parent)
    for name in given.keys() & {"csv", "run_directory"}:
        given[name] = Uri(given[name]).absolute
    request = RunRequest(compiled, run.parameters, {})
    differences: list[str] = []
    for name, value in given.items():
        differences += changes(name, value, request.values.get(name, ABSENT))
    if code_fingerprint() != run.code:
        differences.append("the code or a library changed")
    differences += _replaced_inputs(directory, compiled)
    if differences:
        raise InputError(
            f"a run to resume must find all as it was, got {run.run_id}: "
            f"{'; '.join(differences)}; start a new run, without --resume"
        )
    check_request(request)
    return request


def _replaced_inputs(directory: Path, compiled: str) -> Iterator[str]:
    """The inputs whose content is no longer what the run pinned."""
    for step in in_order(spec_of(compiled)["root"]["dag"]["tasks"]):
        before = (
            pinned(directory, step) if read_record(directory, step).get("status") == 0 else None
        )
        if before and {"csv", "fingerprint"} <= before.keys():
            now = fingerprint(before["csv"])
            if now != before["fingerprint"]:
                yield f"{before['csv']} is {short(now)}, was {short(before['fingerprint'])}"


@contextlib.contextmanager
def claimed(directory: Path) -> Iterator[Run]:
    """Inside, no other process goes on with the run; gives its record.

    Raises:
        InputError: another process runs it.
    """
    running = InputError(
        f"a run must have ended to be resumed, got {directory.name}: it is RUNNING"
    )
    with open(directory / LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back however this ends
        except BlockingIOError:
            raise running from None
        run = load(directory)
        if run.state == "RUNNING":
            raise running
        yield run


def prepare(directory: Path, compiled: str) -> Iterator[str]:
    """Makes the directory of a run one to go on in: what was finished is marked as kept, of the
    rest only a training's checkpoints stay; no process and no temporary file is left of before.

    Yields:
        A line for each step that was finished, and that is done again because of damage.
    """
    end_processes_of(directory)
    remove_leftovers(directory, "*")
    remove_leftovers(directory / "steps", "*")
    spec = spec_of(compiled)
    tasks = spec["root"]["dag"]["tasks"]
    anew: set[str] = set()  # steps that began and will run once more
    cleared: list[str] = []  # those that do not go on from what they have written
    for step in in_order(tasks):
        record = read_record(directory, step)
        after_new = bool(anew & set(tasks[step].get("dependentTasks", ())))
        if record.get("status") == 0:
            file = _damaged(directory, step, record)
            if file is None and not after_new:
                write_record(directory, step, {**record, "kept": True})
                continue
            if file:
                yield f"{step} was finished, but {damage(file)}; it runs anew"
        if record_path(directory, step).exists():  # else it came from the cache, or has not begun
            anew.add(step)
        if after_new or not _is_job(spec, tasks[step]):
            cleared.append(step)
    for step in reversed(in_order(tasks)):  # so that no step is left finished whose inputs are not
        if step in anew:
            record_path(directory, step).unlink()
        if step in cleared:
            shutil.rmtree(directory / step, ignore_errors=True)


def _damaged(directory: Path, step: str, record: Mapping[str, Any]) -> Path | None:
    """A file of a finished step that is gone or not what it was."""
    if record.get("directory") != str(directory):  # its results name files where they were
        return Path(str(record.get("directory")))
    try:
        return damaged(directory / step, record["files"])
    except (AttributeError, KeyError, TypeError):  # of a damaged record
        return record_path(directory, step)


def _is_job(spec: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Is a step a training job, which goes on from its checkpoint when it is started again?"""
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    return LAUNCHER in spec["deploymentSpec"]["executors"][label]["container"]["command"]

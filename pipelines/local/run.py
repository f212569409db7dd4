"""One run of a compiled pipeline on this machine, the training job included, with no cloud account:
its directory, its record from start to end, and how it is cancelled.
"""

import contextlib
import datetime
import os
import re
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from pipelines.local import progress
from pipelines.local.cache.code import code_fingerprint
from pipelines.local.cache.results import Cache, cache_of
from pipelines.local.execution import execute
from pipelines.local.processes import (
    SIGNALLED,
    end_processes_of,
    killed_by,
    stopped_with_this_process,
)
from pipelines.local.records import PIPELINE
from pipelines.local.report import complete
from pipelines.local.rewriting import rewrite
from pipelines.local.step_records import failed_step, read_record, running_step, why_failed
from pipelines.parameters import check_text, declared, defaults
from pipelines.request import RunRequest
from pipelines.spec import spec_of
from pipelines.steps import in_order
from trainer.contract import atomic_write
from trainer.errors import InputError, TabularError
from vertex_tabular.run.record import RECORD, Run, load

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # kfp.local's messages have colours


def new_run_directory(root: Path) -> Path:
    """A directory below `root` that no other run has; its name sorts by time."""
    check_text("--root", str(root.resolve()))
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    directory = root / f"{now}-{secrets.token_hex(3)}"
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"--root must be writable, got {root}: {error.strerror}") from error
    return directory.resolve()


def run(
    request: RunRequest,
    directory: Path,
    cached: bool = False,
    watch: Callable[[Path, list[str]], AbstractContextManager[None]] = progress.watch,
    name: str = "",
) -> Run:
    """Runs a pipeline; everything it writes is in `directory`.

    Args:
        request: the pipeline and the values of its parameters.
        directory: the run's own directory, from `new_run_directory`; or of a run to go on with,
            as `resume.prepare` has left it.
        cached: whether unchanged steps are taken from earlier runs beside this one.
        watch: shows progress while the steps run; gets `directory` and the steps' names in order.
        name: what the user calls the run; a run that goes on keeps the name it has.

    Raises:
        InputError: the input that a step read is at fault, or another process runs it.
        TabularError: a step failed; the message names it and says why.
        KeyboardInterrupt: the run was interrupted; every process it started has ended.
    """
    compiled, arguments = request.compiled, request.arguments
    spec = spec_of(compiled)
    steps = in_order(spec["root"]["dag"]["tasks"])
    with atomic_write(directory / PIPELINE) as file:
        file.write(compiled.encode())
    before = load(directory) if (directory / RECORD).is_file() else None
    result = Run(directory.name, started=time.time(), parameters=arguments, caching=cached)
    result.name = name
    if before:
        result.started, result.name = before.started, before.name
    result.defaults = defaults(declared(spec))
    result.code = code_fingerprint()
    result.process = os.getpid()
    result.process_started = psutil.Process().create_time()
    result.kept = [step for step in steps if read_record(directory, step).get("kept")]
    result.save(directory)
    try:
        with stopped_with_this_process(directory), watch(directory, steps):
            cache = Cache(cache_of(directory.parent), directory) if cached else None
            outputs = execute(rewrite(spec, result.code), arguments, directory, cache)
        result.artifacts = {name: output.uri for name, output in outputs.items()}
        result.fingerprint = _fingerprint(outputs)
        result.metrics = dict(sorted(outputs["metrics"].metadata.items()))
        result.cached = [step for step in steps if not read_record(directory, step)]
        result.seconds = _seconds(directory, steps)
        if "val_data" in outputs:
            result.val_sha256 = outputs["val_data"].metadata["sha256"]
        if "report" in result.artifacts:
            result.summary = str(outputs["report"].metadata.get("summary", ""))
            complete(result, directory)
        result.state = "SUCCEEDED"
    except KeyboardInterrupt:
        result.state = "CANCELLED"
        raise
    except Exception as error:  # whatever kfp.local makes of a step that failed
        failure = _failure(error, directory, steps)
        result.state, result.error = "FAILED", str(failure)
        raise failure from error
    finally:
        result.seconds = _seconds(directory, steps)
        if (directory / RECORD).is_file():
            result.save(directory)
    return result


def _seconds(directory: Path, steps: list[str]) -> dict[str, float]:
    """How long each step took that has ended."""
    records = {step: read_record(directory, step) for step in steps}
    return {step: each["seconds"] for step, each in records.items() if "seconds" in each}


def _failure(error: Exception, directory: Path, steps: list[str]) -> TabularError:
    """What to say of a run that failed."""
    if isinstance(error, TabularError):
        return error
    if not (directory / RECORD).is_file():
        return TabularError(
            f"a run's directory must stay while it runs, got {directory}: it is gone"
        )
    if step := failed_step(directory, steps):
        return why_failed(directory, step)
    if step := running_step(directory, steps):  # what records its end was itself killed
        return TabularError(f"{step} was {killed_by(SIGNALLED + signal.SIGKILL)}")
    return TabularError(f"the run failed: {ANSI.sub('', str(error))}")


def _fingerprint(outputs: dict[str, Any]) -> str:
    """The fingerprint of the input, which the artifacts made of it carry."""
    found = (output.metadata.get("fingerprint") for output in outputs.values())
    return next((str(fingerprint) for fingerprint in found if fingerprint), "")


def cancel(directory: Path) -> str:
    """Ends a run that another process executes, as Ctrl-C in its terminal would; of one that was
    killed, whatever is left. Nothing is done to one that has ended.

    Returns:
        The state of a run that had ended already; empty for one that is being ended.
    """
    run = load(directory)
    if run.state == "RUNNING":
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            psutil.Process(run.process).terminate()
            return ""
    if run.state == "KILLED" and end_processes_of(directory.resolve()):
        return ""
    return run.state

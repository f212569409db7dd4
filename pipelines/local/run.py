"""One run of a compiled pipeline on this machine, the training job included, with no cloud account:
its directory, its record from start to end, and how it is cancelled.
"""

import datetime
import os
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from pipelines.local import progress
from pipelines.local.cache import cache_of, code_fingerprint
from pipelines.local.execution import execute
from pipelines.local.outputs import PIPELINE, link_steps, shortened
from pipelines.local.processes import stopped_with_this_process
from pipelines.local.report import complete
from pipelines.local.rewriting import rewrite
from pipelines.local.step_records import failed_step, read_record, why_failed
from pipelines.parameters import check_text, declared, defaults
from pipelines.request import RunRequest
from pipelines.spec import spec_of
from pipelines.steps import in_order
from trainer.errors import InputError, TabularError
from vertex_tabular.run.record import Run, load

SAME_START_SECONDS = 1.0  # the clock may be set meanwhile, by which a start time is told


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
) -> Run:
    """Runs a pipeline; everything it writes is in `directory`.

    Args:
        request: the pipeline and the values of its parameters.
        directory: the run's own directory, from `new_run_directory`.
        cached: whether unchanged steps are taken from earlier runs beside this one.
        watch: shows progress while the steps run; gets `directory` and the steps' names in order.

    Raises:
        InputError: the input that a step read is at fault.
        TabularError: a step failed; the message names it and says why.
        KeyboardInterrupt: the run was interrupted; every process it started has ended.
    """
    compiled, arguments = request.compiled, request.arguments
    cache = cache_of(directory.parent) if cached else None
    spec = spec_of(compiled)
    steps = in_order(spec["root"]["dag"]["tasks"])
    (directory / PIPELINE).write_text(compiled)
    result = Run(directory.name, started=time.time(), parameters=arguments)
    result.defaults = defaults(declared(spec))
    result.code = code_fingerprint()
    result.process = os.getpid()
    result.process_started = psutil.Process().create_time()
    result.save(directory)
    try:
        with stopped_with_this_process(), watch(directory, steps):
            outputs = execute(rewrite(spec, result.code), arguments, directory, cache)
        link_steps(directory, steps)
        result.artifacts = {name: shortened(output.uri) for name, output in outputs.items()}
        result.fingerprint = _fingerprint(outputs)
        result.metrics = dict(sorted(outputs["metrics"].metadata.items()))
        result.cached = [step for step in steps if not read_record(directory, step)]
        if "val_data" in outputs:
            result.val_sha256 = outputs["val_data"].metadata["sha256"]
        result.state = "SUCCEEDED"
    except KeyboardInterrupt:
        result.state = "CANCELLED"
        raise
    except Exception as error:  # whatever kfp.local makes of a step that failed
        step = failed_step(directory, steps)
        failure = why_failed(directory, step) if step else TabularError(f"the run failed: {error}")
        result.state, result.error = "FAILED", str(failure)
        raise failure from error
    finally:
        result.seconds = {
            step: record["seconds"]
            for step in steps
            if "seconds" in (record := read_record(directory, step))
        }
        result.save(directory)
    if "report" in result.artifacts:
        complete(result, directory)
    return result


def _fingerprint(outputs: dict[str, Any]) -> str:
    """The fingerprint of the input, which the artifacts made of it carry."""
    found = (output.metadata.get("fingerprint") for output in outputs.values())
    return next((str(fingerprint) for fingerprint in found if fingerprint), "")


def cancel(directory: Path) -> None:
    """Ends a run that another process executes, as Ctrl-C in its terminal would.

    Raises:
        InputError: it is not running.
    """
    run = load(directory)
    try:
        process = psutil.Process(run.process)
        same = abs(process.create_time() - run.process_started) < SAME_START_SECONDS
        if run.state == "RUNNING" and same:
            process.terminate()
            return
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    state = "its process is gone" if run.state == "RUNNING" else f"it is {run.state}"
    raise InputError(f"a run must be running to be cancelled, got {run.run_id}: {state}")

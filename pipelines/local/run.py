"""Runs a compiled YAML on this machine, the training job included, with no cloud account.

`kfp.local` refuses container components and Google's placeholders. So the *spec* is rewritten,
which is data, and `kfp.local` runs the result: the placeholders become literals, and the command
of GCPC's launcher becomes `pipelines.local.custom_job`. Every command is run by
`pipelines.local.step`, which keeps its log and its time.
"""

import contextlib
import datetime
import json
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import psutil
import yaml

from pipelines.local.cache import code_fingerprint, forget_damaged
from pipelines.local.step import log_path, record_path
from pipelines.parameters import check_text, declared, defaults
from pipelines.steps import in_order
from trainer.errors import InputError, TabularError
from vertex_tabular.run.record import Run

LAUNCHER = "google_cloud_pipeline_components.container.v1.custom_job.launcher"
# `kfp.local` runs a command as a subprocess only when this stands somewhere in it.
KFP_EXECUTOR = "kfp.dsl.executor_main"
GRACE_SECONDS = 3
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
    compiled: str,
    arguments: dict[str, Any],
    directory: Path,
    watch: Callable[[Path, list[str]], AbstractContextManager[None]],
    cache: Path | None = None,
) -> Run:
    """Executes a compiled YAML; everything it writes is in `directory`.

    Args:
        compiled: the YAML, as `compile.py` writes it; kept as `training.yaml`.
        arguments: values of its parameters.
        directory: the run's own directory.
        watch: shows progress while the steps run; gets `directory` and the steps' names in order.
        cache: directory of the results of earlier runs, which spare running a step again.

    Raises:
        InputError: the input that a step read is at fault.
        TabularError: a step failed; the message names it and says why.
        KeyboardInterrupt: the run was interrupted; every process it started has ended.
    """
    spec = yaml.safe_load(compiled)
    steps = in_order(spec["root"]["dag"]["tasks"])
    (directory / "training.yaml").write_text(compiled)
    result = Run(directory.name, started=time.time(), parameters=arguments)
    result.defaults = defaults(declared(spec))
    result.code = code_fingerprint()
    result.process = os.getpid()
    result.process_started = psutil.Process().create_time()
    result.save(directory)
    try:
        with stopped_with_this_process(), watch(directory, steps):
            outputs = _execute(rewritten(spec, result.code), arguments, directory, cache)
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
    run = json.loads((directory / "run.json").read_text())
    try:
        process = psutil.Process(run.get("process", 0))
        same = abs(process.create_time() - run.get("process_started", 0.0)) < SAME_START_SECONDS
        if run["state"] == "RUNNING" and same:
            process.terminate()
            return
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    state = "its process is gone" if run["state"] == "RUNNING" else f"it is {run['state']}"
    raise InputError(f"a run must be running to be cancelled, got {run['run_id']}: {state}")


def rewritten(spec: dict[str, Any], code: str) -> dict[str, Any]:
    """The spec as `kfp.local` can run it; tasks, components and parameters stay as they are.

    Args:
        spec: as it was compiled.
        code: digest of the code that the steps will run, see `local.cache.code_fingerprint`.
    """
    from kfp import dsl

    text = json.dumps(spec)
    text = text.replace("{{$.pipeline_google_cloud_project_id}}", "this-machine")
    text = text.replace("{{$.pipeline_google_cloud_location}}", "local")
    local: dict[str, Any] = json.loads(text)
    for label, executor in local["deploymentSpec"]["executors"].items():
        container = executor["container"]
        step = label.removeprefix("exec-")
        command = without_pip(container["command"])
        if LAUNCHER in command:
            # kfp.local wants to see its own module's name; `env` gives it a place to stand.
            command = ["env", f"STANDS_IN_FOR={KFP_EXECUTOR}"]
            command += ["python3", "-m", "pipelines.local.custom_job"]
            container["args"] += ["--executor_input", "{{$}}"]
        recorder = ["python3", "-m", "pipelines.local.step", step, dsl.PIPELINE_ROOT_PLACEHOLDER]
        container["command"] = [*recorder, *command]
        container["image"] = image_of(code)
    for name, task in local["root"]["dag"]["tasks"].items():
        task["taskInfo"]["name"] = name  # kfp.local warns of display names
    return local


def image_of(code: str) -> str:
    """An image is part of the cache's key; here the code is what an image is elsewhere."""
    return f"python {code}"


def in_full(spec: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the defaults of the others: `kfp.local` would take a default of 42 as
    42.0, and the cache would tell it from a 42 that is given."""
    return {**defaults(declared(spec)), **arguments}


def without_pip(command: list[str]) -> list[str]:
    """A component's command without its `pip install`: this machine has the packages already.

    kfp puts the installation in front as `sh -c SCRIPT sh -ec …`, where SCRIPT ends in `"$0" "$@"`.
    """
    if command[:2] == ["sh", "-c"] and "pip install" in command[2]:
        return command[3:]
    return command


def link_steps(directory: Path, steps: list[str]) -> None:
    """Links each step's outputs into the run's own directory, because `kfp.local` puts a directory
    with a long name in between."""
    for step in steps:
        for outputs in directory.glob(f"*-*/{step}"):
            (directory / step).symlink_to(outputs.relative_to(directory))


def shortened(path: str) -> str:
    """`path` by way of such a link, where there is one."""
    short = re.sub(r"/[^/]+-\d{4}(-\d\d){5}-\d{6}(?=/)", "", path)
    return short if Path(short).exists() else path


def read_record(directory: Path, step: str) -> dict[str, Any]:
    """What `local_step` recorded of a step so far; empty when it has not started."""
    try:
        record: dict[str, Any] = json.loads(record_path(directory, step).read_text())
    except (FileNotFoundError, ValueError):  # ValueError: being written at this moment
        return {}
    return record


def failed_step(directory: Path, steps: list[str]) -> str | None:
    """The name of the step that failed, if one did."""
    return next((step for step in steps if read_record(directory, step).get("status")), None)


def last_lines(directory: Path, step: str, most: int = 10) -> list[str]:
    """The end of a step's log."""
    return log_path(directory, step).read_text(errors="replace").rstrip().splitlines()[-most:]


def why_failed(directory: Path, step: str) -> TabularError:
    """The error of a step that failed: its name, and the error or last line that it logged."""
    text = log_path(directory, step).read_text(errors="replace").rstrip()
    _, reported, error = text.rpartition("\nerror: ")
    why = error if reported else text.rpartition("\n")[2].removeprefix("error: ")
    status = read_record(directory, step)["status"]
    kind = InputError if status == InputError.exit_status else TabularError
    return kind(f"{step} failed: {why or 'it printed nothing'}")


@contextlib.contextmanager
def stopped_with_this_process() -> Iterator[None]:
    """Ends every process started inside, whatever ends the block, but none that the caller had
    before. SIGTERM, and SIGHUP as a closed terminal sends it, count as Ctrl-C."""

    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    this = psutil.Process()
    spared = this.children()
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        started = [child for child in this.children() if child not in spared]
        for child in [*started]:
            with contextlib.suppress(psutil.NoSuchProcess):
                started += child.children(recursive=True)
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(started, timeout=GRACE_SECONDS)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _execute(
    spec: dict[str, Any], arguments: dict[str, Any], directory: Path, cache: Path | None
) -> dict[str, Any]:
    """Runs a rewritten spec with `kfp.local`; its own chatter goes to `kfp.log`."""
    from kfp import components, local

    if cache:
        forget_damaged(cache)
    with (
        open(directory / "kfp.log", "w") as log,
        contextlib.redirect_stdout(log),
        _undisturbed(directory),
    ):
        local.init(
            local.SubprocessRunner(use_venv=False),
            pipeline_root=str(directory),
            enable_caching=cache is not None,
            cache_root=str(cache) if cache else None,
        )
        task = components.load_component_from_text(json.dumps(spec))(**in_full(spec, arguments))
    # In the YAML's order: kfp.local's own is that of a set.
    names = sorted(task.outputs)
    return {name: task.outputs[name] for name in names}


@contextlib.contextmanager
def _undisturbed(directory: Path) -> Iterator[None]:
    """Steps find this Python and its packages, whatever the paths are called and wherever one is.

    `kfp.local` replaces the text `python3` by `sys.executable` in every word of a command, also
    where it is part of a path; so for the time being that is `python3`, found by way of PATH. And
    `python3 -m` looks for modules in the working directory first, where a user may have a package
    `trainer` of their own.
    """
    python, path, before = sys.executable, os.environ.get("PATH", ""), Path.cwd()
    os.environ["PATH"] = f"{Path(python).parent}{os.pathsep}{path}"
    sys.executable = "python3"
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        sys.executable = python
        os.environ["PATH"] = path

"""One run of any compiled pipeline on this machine: what it is asked, its record, and its end."""

import datetime
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from pipelines.lint.pipeline import Pipeline, read
from pipelines.local import progress
from pipelines.local.graph import refusals
from pipelines.local.graph.placeholders import WORKSPACE, names_of_run
from pipelines.local.graph.scheduler import Scheduler
from pipelines.local.graph.scope import SUCCEEDED, Result
from pipelines.local.graph.values import whole
from pipelines.local.graph_steps import Ledger
from pipelines.local.processes import stopped_with_this_process
from pipelines.local.records import PIPELINE
from pipelines.local.step_records import read_record
from pipelines.parameters import Declared, declared, parse_settings
from pipelines.spec import read_pipeline
from trainer.contract import atomic_write
from trainer.errors import InputError, TabularError
from trainer.terminal import echo
from vertex_tabular.run.record import Run

METRICS = "system.Metrics"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class GraphRequest:
    """A run of a pipeline from a file, complete and checked.

    Attributes:
        pipeline: its content.
        parameters: the values that were given.
        defaults: the pipeline's values of the others, where it has one.
    """

    pipeline: Pipeline
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]


def graph_request(path: Path, sets: Iterable[str]) -> GraphRequest:
    """Reads a compiled pipeline and the values for it.

    Args:
        path: a YAML or JSON file that kfp's compiler wrote, or a PipelineJob's JSON, whose values
            hold where none is given.
        sets: `NAME=VALUE` of `--set`.

    Raises:
        InputError: it is no compiled pipeline, or it has what this machine cannot run; a value is
            missing, unknown, or not of its parameter's type.
    """
    pipeline = read(read_pipeline(path), str(path), {})
    refusals.check(pipeline, str(path))
    known = declared(pipeline.spec)
    parameters = parse_settings(sets, known)
    defaults = {
        name: whole(each["defaultValue"]) for name, each in known.items() if "defaultValue" in each
    }
    for name, each in known.items():
        if name not in parameters and name not in defaults and not each.get("isOptional"):
            raise InputError(f"--set {name}= must be given")
    _check_literals(parameters, known)
    return GraphRequest(pipeline, parameters, defaults)


def _check_literals(parameters: Mapping[str, Any], known: Declared) -> None:
    for name, value in parameters.items():
        literals = whole(known[name].get("literals", []))
        if literals and value not in literals:
            listed = ", ".join(map(str, literals))
            raise InputError(f"{name} must be one of {listed}, got {value}")


def run_graph(request: GraphRequest, directory: Path, quiet: bool = False) -> Run:
    """Runs it; everything it writes is in `directory`, which is as that of any run of this machine.
    Each step that ends is told on stderr; with `quiet`, only one that fails.

    Raises:
        TabularError: a step failed; the message names it and says why.
        KeyboardInterrupt: the run was interrupted; every process it started has ended.
    """
    with atomic_write(directory / PIPELINE) as file:
        file.write(yaml.safe_dump(request.pipeline.spec, sort_keys=True).encode())
    (directory / WORKSPACE).mkdir(exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    record = Run(directory.name, started=now.timestamp(), parameters=dict(request.parameters))
    record.defaults = {k: v for k, v in request.defaults.items() if k not in request.parameters}
    record.process = os.getpid()
    record.process_started = psutil.Process().create_time()
    ledger = Ledger(directory)
    record.save(directory)
    name = request.pipeline.spec.get("pipelineInfo", {}).get("name", "pipeline")
    created = now.isoformat(timespec="seconds")
    names = names_of_run(name, directory.name, str(directory), created)

    def ended(step: str) -> None:
        of_step = read_record(directory, step)
        if "seconds" not in of_step:  # what records it was itself killed
            return
        if of_step["status"] or not quiet:
            echo(f"{step}: {progress.ending(of_step)}", err=True)
        if of_step["status"]:
            progress.show_end_of_log(directory, step)

    scheduler = Scheduler(request.pipeline.spec, directory, names, ledger, ended)
    try:
        with stopped_with_this_process(directory):
            result = _in_a_thread(scheduler, {**request.defaults, **request.parameters})
        _describe(record, result)
        if result.state != SUCCEEDED:
            raise TabularError(result.error)
        record.state = "SUCCEEDED"
    except KeyboardInterrupt:
        record.state = "CANCELLED"
        raise
    except Exception as error:
        record.state, record.error = "FAILED", str(error)
        raise
    finally:
        records = {step: read_record(directory, step) for step in ledger.steps}
        record.seconds = {k: each["seconds"] for k, each in records.items() if "seconds" in each}
        if directory.is_dir():
            record.save(directory)
    return record


def _in_a_thread(scheduler: Scheduler, parameters: Mapping[str, Any]) -> Result:
    """Runs the graph where a signal, which only the main thread gets, interrupts the waiting."""
    ended: list[Result | BaseException] = []

    def work() -> None:
        try:
            ended.append(scheduler.run(parameters))
        except BaseException as error:  # raised again below
            ended.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL_SECONDS)
    finally:
        scheduler.stop()
    (result,) = ended
    if isinstance(result, BaseException):
        raise result
    return result


def _describe(record: Run, result: Result) -> None:
    """What the pipeline gave, in its record."""
    record.outputs = dict(sorted(result.outputs.parameters.items()))
    for name, artifacts in sorted(result.outputs.artifacts.items()):
        for number, artifact in enumerate(artifacts):
            key = name if len(artifacts) == 1 else f"{name}.{number}"
            record.artifacts[key] = artifact["uri"]
            if artifact["type"].get("schemaTitle") == METRICS:
                record.metrics |= {
                    metric: value
                    for metric, value in artifact.get("metadata", {}).items()
                    if isinstance(value, int | float) and not isinstance(value, bool)
                }

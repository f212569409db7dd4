"""Completes the report of a local run with what is known at its end: the steps and their times."""

from importlib.metadata import version
from pathlib import Path

from pipelines.local.outputs import PIPELINE
from pipelines.spec import read_pipeline, spec_of
from pipelines.steps import in_order
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import complete_report
from vertex_tabular.run.directory import RunDirectory
from vertex_tabular.run.record import Run


def complete(run: Run, directory: Path) -> None:
    """Adds the run's name, steps and parameters to the report that `collect` wrote."""
    tasks = spec_of(read_pipeline(directory / PIPELINE))["root"]["dag"]["tasks"]
    steps = [
        Step(
            name=name,
            after=tuple(tasks[name].get("dependentTasks", ())),
            seconds=run.seconds.get(name),
            cached=name in run.cached,
        )
        for name in in_order(tasks)
    ]
    job = Job(
        name=run.run_id,
        source=str(run.parameters["csv"]),
        fingerprints={"table": run.fingerprint, "code": run.code},
        parameters={name: value for name, value in run.parameters.items() if name != "csv"},
        versions={"kfp": version("kfp"), "vertex-tabular": version("vertex-tabular")},
        steps=steps,
    )
    complete_report(run.artifacts["report"], RunDirectory(run.artifacts["run_directory"]), job)

"""The report of a local run, with what only the end of the run knows: its steps and their times."""

from importlib.metadata import version
from pathlib import Path

import yaml

from pipelines.local.run import Run
from pipelines.steps import in_order
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import write_report


def complete(run: Run, directory: Path) -> None:
    """Writes the report that `collect` wrote once more, with the run's steps and parameters."""
    tasks = yaml.safe_load((directory / "training.yaml").read_text())["root"]["dag"]["tasks"]
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
    write_report(
        run.artifacts["run_directory"],
        run.artifacts["report"],
        train_data=run.artifacts["train_data"],
        val_data=run.artifacts["val_data"],
        job=job,
    )

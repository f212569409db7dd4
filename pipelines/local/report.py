"""Completes the pages of a local run with what is known at its end: the steps, their times, and
where the other page is."""

from importlib.metadata import version
from pathlib import Path

from pipelines.local.records import PIPELINE
from pipelines.spec import read_pipeline, spec_of
from pipelines.steps import in_order
from vertex_tabular.pages.profile import complete_profile
from vertex_tabular.pages.shell import link_to
from vertex_tabular.report.job import Job, Step
from vertex_tabular.report.page import complete_report
from vertex_tabular.run.directory import RunDirectory
from vertex_tabular.run.record import Run


def complete(run: Run, directory: Path) -> None:
    """Adds the run's name, steps and parameters to the report that `collect` wrote, and writes the
    run's profile, which has a link to it."""
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
    report, links = run.artifacts["report"], {}
    if made := run.artifacts.get("profile"):
        # A page of the run's own, for the other one may be the cached result of an earlier run.
        profile = run.artifacts["profile"] = str(directory / Path(made).name)
        complete_profile(Path(made), Path(profile), {"Report": link_to(report, profile)})
        links = {"Profile": link_to(profile, report)}
    job = Job(
        name=run.run_id,
        source=str(run.parameters["csv"]),
        fingerprints={"table": run.fingerprint, "code": run.code},
        parameters={name: value for name, value in run.parameters.items() if name != "csv"},
        versions={"kfp": version("kfp"), "vertex-tabular": version("vertex-tabular")},
        steps=steps,
        links=links,
    )
    complete_report(report, RunDirectory(run.artifacts["run_directory"]), job)

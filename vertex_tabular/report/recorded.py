"""The report of a run from its directory alone, which records where its data is."""

from typing import Any

from trainer import contract
from trainer.reading import read_json
from trainer.uri import local_path
from vertex_tabular.report.job import Job
from vertex_tabular.report.page import write_report
from vertex_tabular.run.directory import RunDirectory


def write_report_of(run: RunDirectory, out: str) -> str:
    """Writes the report of a run of the pipeline; returns what its first sentences say.

    metrics.json says which arrays it was trained on, spec.json which table they were made from, and
    profile.json beside the arrays what is in it.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
        InputError: the arrays are gone, or are not those of the run.
    """
    data, origin = run.metrics["hyperparameters"], run.origin
    profile = local_path(data["train"]).parent / contract.PROFILE
    form = "a table's profile"
    table = read_json(profile, dict[str, Any], form) if profile.is_file() else {}
    job = Job(
        source=origin.get("source", ""),
        fingerprints={"table": origin["fingerprint"]} if "fingerprint" in origin else {},
    )
    arrays = {"train_data": data["train"], "val_data": data["val"]}
    return write_report(run, out, **arrays, table=table, job=job)

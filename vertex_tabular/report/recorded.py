"""The report of a run from its directory alone, which records where its data is."""

import json

from trainer import contract
from trainer.uri import input_file, join
from vertex_tabular.report.job import Job
from vertex_tabular.report.page import write_report


def write_report_of(run_directory: str, out: str) -> None:
    """Writes the report of a finished run of the pipeline: metrics.json says which arrays it was
    trained on, and spec.json which table they were made from.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
        InputError: the arrays are gone, or are not those of the run.
    """
    metrics = json.loads(input_file(join(run_directory, contract.METRICS)).read_bytes())
    spec = json.loads(input_file(join(run_directory, contract.SPEC)).read_bytes())
    origin = spec.get("origin", {})
    job = Job(
        source=origin.get("source", ""),
        fingerprints={"table": origin["fingerprint"]} if origin else {},
    )
    data = metrics["hyperparameters"]
    write_report(run_directory, out, train_data=data["train"], val_data=data["val"], job=job)

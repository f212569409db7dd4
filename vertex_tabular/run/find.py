"""What a user calls a run, as the run directory that its training wrote; and its report."""

from pathlib import Path

from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.run import record

ROOT = "runs"


def find_run(run: str | Path, root: str | Path = ROOT) -> str:
    """The run directory, a path or gs:// URI, of a run.

    Args:
        run: the id of a run below `root`, the directory of a run, or a run directory: a path or
            gs:// URI.
        root: the directory of the runs of this machine.

    Raises:
        InputError: there is no such run, or its training has not succeeded.
    """
    name = str(run)
    if Uri(name).is_cloud:
        return name
    for directory in (Path(root, name), Path(name)):
        if (directory / record.RECORD).is_file():
            return _of_record(directory)
    if Path(name).is_dir():
        return name
    raise InputError(
        f"a run must be the id of a run in {root}, a run's directory or a run directory, got "
        f"{name}; `tabpipe runs` lists the runs, `tabpipe fetch` brings one from Vertex AI"
    )


def report_beside(run_directory: str | Path) -> str:
    """The report of the local run whose training wrote a run directory; empty if there is none."""
    for directory in Path(run_directory).absolute().parents:
        if (directory / record.RECORD).is_file():
            report = record.load(directory).artifacts.get("report", "")
            return report if Path(report).is_file() else ""
    return ""


def _of_record(directory: Path) -> str:
    found = record.load(directory)
    if "run_directory" not in found.artifacts:
        raise InputError(
            f"a run has a model once its training has succeeded, got {found.run_id}, which is "
            f"{found.state}"
        )
    return found.artifacts["run_directory"]

"""Removes runs of this machine: their directories, and nothing that another run needs."""

import datetime
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines.local.processes import end_processes_of
from trainer.errors import InputError
from vertex_tabular.run.find import local_runs
from vertex_tabular.run.record import Run, load


def older_than(root: Path, days: int, now: float) -> list[Path]:
    """The directories of the runs that began more than `days` days before `now`, Unix seconds; of
    one whose record is damaged the directory's own time counts."""
    limit = now - datetime.timedelta(days=days).total_seconds()
    found = []
    for run_id in local_runs(root):
        run = _read(root / run_id)
        started = run.started if run else (root / run_id).stat().st_mtime
        if started < limit:
            found.append(root / run_id)
    return found


def why_kept(directory: Path, going: Sequence[Path] = ()) -> str:
    """Why a run must not be removed without a word: it is running, or a run that stays has
    results in it, which came from the cache; empty if nothing is against it.

    Args:
        directory: of the run.
        going: directories of runs that are removed too.
    """
    run = _read(directory)
    if run and run.state == "RUNNING":
        return "it is RUNNING"
    home, root = directory.resolve(), directory.resolve().parent
    gone = {each.resolve() for each in (*going, directory)}
    for run_id in local_runs(root):
        other = None if root / run_id in gone else _read(root / run_id)
        if other and any(Path(uri).is_relative_to(home) for uri in other.artifacts.values()):
            return f"results of {run_id} are in it"
    return ""


def delete(directory: Path) -> None:
    """Removes a run's directory; the processes of one that is running are ended first.

    Raises:
        InputError: the directory cannot be removed.
    """
    home = directory.resolve()
    end_processes_of(home)
    try:
        shutil.rmtree(home)
    except OSError as error:
        raise InputError(f"a run must be removable, got {directory}: {error.strerror}") from None


def _read(directory: Path) -> Run | None:
    try:
        return load(directory)
    except InputError:
        return None

"""What a user calls a run, and which run that is: the one place that says so.

A run is called by its id, by the beginning of it, if no other id begins so, by `latest` (`latest~1`
is the one before it), by the name it was given, or by its directory; its model also by the run
directory that its training wrote, here or on gs://.
"""

import re
from pathlib import Path

from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.run import record

ROOT = "runs"
LATEST = re.compile(r"latest(?:~([0-9]{1,9}))?")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
MAX_SHOWN = 5  # of the runs that an ambiguous beginning may mean
FORMS = "its id, the beginning of it, its name, latest, latest~1, or its directory"


def local_runs(root: Path) -> list[str]:
    """The ids of the runs in a directory, the newest first."""
    return sorted((path.parent.name for path in root.glob(f"*/{record.RECORD}")), reverse=True)


def run_names(root: Path) -> dict[str, str]:
    """The names that were given to runs in a directory, and the id of each. A run whose record is
    damaged has none."""
    found: dict[str, str] = {}
    for run_id in local_runs(root):
        try:
            name = record.load(root / run_id).name
        except InputError:
            continue
        if name:
            found.setdefault(name, run_id)
    return found


def check_name(name: str, root: Path) -> None:
    """Raises InputError unless a new run in `root` may be called `name`."""
    if not NAME.fullmatch(name) or LATEST.fullmatch(name):
        raise InputError(f"--name must match {NAME.pattern} and not be latest, got {name}")
    taken = name if (root / name).exists() else run_names(root).get(name)
    if taken:
        raise InputError(f"--name must be new, got {name}: {taken} has it; tabpipe delete {name}")


def find_directory(run: str, root: Path) -> Path | None:
    """The directory of a run on this machine; None if `run` names none.

    Args:
        run: what a user calls it.
        root: the directory of the runs of this machine.

    Raises:
        InputError: several ids begin so, or there are not so many runs.
    """
    if not run or Uri(run).is_cloud:
        return None
    for directory in (Path(root, run), Path(run)):
        if (directory / record.RECORD).is_file():
            return directory
    ids = local_runs(root)
    if match := LATEST.fullmatch(run):
        if int(match[1] or 0) >= len(ids):
            raise InputError(f"{run} must be a run in {root}, got {len(ids) or 'no'} runs there")
        return root / ids[int(match[1] or 0)]
    if NAME.fullmatch(run) and (named := run_names(root).get(run)):
        return root / named
    found = [each for each in ids if each.startswith(run)]
    if len(found) > 1:
        more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
        raise InputError(
            f"a run must be named by what no other begins with, got {run}: that of "
            f"{', '.join(found[:MAX_SHOWN])}{more}"
        )
    return root / found[0] if found else None


def find_run(run: str | Path, root: str | Path = ROOT) -> str:
    """The run directory, a path or gs:// URI, of a run.

    Args:
        run: the id of a run below `root`, the beginning of one, a run's name, the directory of a
            run, or a run directory: a path or gs:// URI; or `latest`, `latest~1`, among the runs
            that have a model.
        root: the directory of the runs of this machine.

    Raises:
        InputError: there is no such run, there are several, or its training has not succeeded.
    """
    name = str(run)
    if Uri(name).is_cloud:
        return name
    if match := LATEST.fullmatch(name):
        return _latest_model(Path(root), int(match[1] or 0), name)
    if directory := find_directory(name, Path(root)):
        return _of_record(directory)
    if Path(name).is_dir():
        return name
    raise InputError(
        f"a run must be one in {root} ({FORMS}) or a run directory, got {name}; "
        "`tabpipe runs` lists the runs, `tabpipe fetch` brings one from Vertex AI"
    )


def report_beside(run_directory: str | Path) -> str:
    """The report of the local run whose training wrote a run directory; empty if there is none."""
    for directory in Path(run_directory).absolute().parents:
        if (directory / record.RECORD).is_file():
            report = record.load(directory).artifacts.get("report", "")
            return report if Path(report).is_file() else ""
    return ""


def _latest_model(root: Path, before: int, name: str) -> str:
    """The run directory of the newest run that has one, or of the one so many before it."""
    for run_id in local_runs(root):
        try:
            found = _of_record(root / run_id)
        except InputError:  # it failed, predicts, still runs, or is damaged
            continue
        if not before:
            return found
        before -= 1
    raise InputError(f"{name} must be a run in {root} that has a model, got none")


def _of_record(directory: Path) -> str:
    found = record.load(directory)
    if "run_directory" not in found.artifacts:
        raise InputError(
            f"a run has a model once its training has succeeded, got {found.run_id}, which is "
            f"{found.state}"
        )
    return found.artifacts["run_directory"]

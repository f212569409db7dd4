"""What a local run shows while it runs: each step with its elapsed time, on stderr."""

import contextlib
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipelines.local.processes import killed_by
from pipelines.local.step import log_path
from pipelines.local.step_records import failed_step, last_lines, read_record, step_progress
from trainer.errors import InputError
from trainer.terminal import echo, escaped
from vertex_tabular.pages.formatting import SPACE, plain
from vertex_tabular.run.record import Run

REFRESH_SECONDS = 0.1
LINE_SECONDS = 10.0
WIDTH = 78  # of the sentences at the end
SHOWN = ("report", "run_directory")  # artifacts that the end names; `show` has them all


def table(directory: Path, steps: list[str]) -> Table:
    """One row a step: a mark (· waiting, ▸ running, ✓ done, ✗ failed), its name, its seconds; or
    `kept`, of one that an earlier start of the run had finished."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column()
    rows.add_column()
    rows.add_column(justify="right")
    for step in steps:
        record = read_record(directory, step)
        if not record:
            rows.add_row(Text("·", "dim"), Text(step, "dim"), "")
        elif record.get("kept"):
            rows.add_row(Text("✓", "green"), step, "kept")
        elif "seconds" not in record:
            shown = Text(step)
            if line := step_progress(directory, step):
                shown.append(f"\n{escaped(line)}", "dim")
            rows.add_row(Text("▸", "cyan"), shown, f"{time.time() - record['started']:.1f} s")
        else:
            mark = Text("✗", "red") if record["status"] else Text("✓", "green")
            rows.add_row(mark, step, f"{record['seconds']:.1f} s")
    return rows


@contextlib.contextmanager
def watch(directory: Path, steps: list[str]) -> Iterator[None]:
    """Shows the steps of the run in `directory`: live on a terminal, elsewhere one line a step and
    one every LINE_SECONDS while one trains. When a step breaks down, the end of its log follows."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    live = Live(
        get_renderable=lambda: table(directory, steps),
        console=console,
        refresh_per_second=1 / REFRESH_SECONDS,
        redirect_stdout=False,
    )
    try:
        with (
            live
            if console.is_terminal and not console.is_dumb_terminal
            else _lines(directory, steps)
        ):
            yield
    finally:
        _show_breakdown(directory, steps)


def _show_breakdown(directory: Path, steps: list[str]) -> None:
    """The end of a failed step's log; bad input needs no more than its error."""
    step = failed_step(directory, steps)
    if step and read_record(directory, step)["status"] != InputError.exit_status:
        show_end_of_log(directory, step)


def show_end_of_log(directory: Path, step: str) -> None:
    """The last lines that a step has logged."""
    echo(f"{log_path(directory, step)} ends:", err=True)
    for line in last_lines(directory, step):
        echo(f"  {line}", err=True)


@contextlib.contextmanager
def _lines(directory: Path, steps: list[str]) -> Iterator[None]:
    ended = threading.Event()
    reporter = threading.Thread(target=_report, args=(directory, steps, ended))
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()


def _report(directory: Path, steps: list[str], ended: threading.Event) -> None:
    """Prints one line for each step when it has ended, and how far training is meanwhile."""
    waiting = list(steps)
    told, last = time.monotonic(), ""
    while waiting:
        last_look = ended.wait(REFRESH_SECONDS)
        for step in list(waiting):
            record = read_record(directory, step)
            if "seconds" in record:
                waiting.remove(step)
                echo(f"{step}: {ending(record)}", err=True)
        if last_look:
            return
        if time.monotonic() - told > LINE_SECONDS:
            told = time.monotonic()
            for step in waiting:
                line = step_progress(directory, step)
                if line and line != last:
                    last = line
                    echo(f"{step}: {line}", err=True)


def ending(record: dict[str, Any]) -> str:
    """What has become of a step that has ended."""
    if record.get("kept"):
        return "kept"
    state = killed_by(record["status"]) or ("failed" if record["status"] else "")
    return (
        f"{state} after {record['seconds']:.1f} s"
        if state
        else f"done in {record['seconds']:.1f} s"
    )


def summary(run: Run) -> str:
    """The end of a run as text: what its report says first, its metrics, and where it is."""
    here = Path.cwd()
    paths = {
        name: path.relative_to(here) if (path := Path(uri)).is_relative_to(here) else path
        for name, uri in run.artifacts.items()
        if name in SHOWN or not run.summary
    }
    width = max(len(name) for name in [*run.metrics, *paths])
    lines = [f"run {run.run_id} {run.state.lower()}"]
    if run.cached:
        lines += [f"from the cache: {', '.join(run.cached)}"]
    if run.kept:
        lines += [f"kept from its earlier start: {', '.join(run.kept)}"]
    if run.summary:
        lines += ["", *textwrap.wrap(run.summary.replace(SPACE, " "), WIDTH)]
    figures = {name: plain(value) for name, value in run.metrics.items()}
    lines += ["", *(f"  {name:{width}}  {figure}" for name, figure in figures.items())]
    lines += ["", *(f"  {name:{width}}  {path}" for name, path in paths.items())]
    if run.summary:
        lines += ["", "tabpipe open shows the report, and tabpipe show the rest"]
    return "\n".join(lines)

"""The report as one HTML file: self-contained, with no network requests."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report import baselines, formatting, groups, profile, svg
from vertex_tabular.report.chart import Bars, Chart
from vertex_tabular.report.columns import Column, columns_of
from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.report.headline import headline
from vertex_tabular.report.job import Job
from vertex_tabular.report.plots import learning, plots_of, thresholds_of, validation_rows
from vertex_tabular.run.arrays import read_rows
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

TEMPLATES = Path(__file__).parent / "templates"
JOB_PARTS = ("title", "kicker", "made", "footer")  # templates, in marks by which they are found
LOG_LINES = 30  # of the beginning of the log, and of its end
PATHS = ("train", "val", "test", "spec", "model_out", "checkpoint_dir")  # say where, not what


def write_report(
    run: RunDirectory,
    out: str,
    *,
    train_data: str = "",
    val_data: str = "",
    table: Mapping[str, Any] | None = None,
    job: Job | None = None,
) -> None:
    """Writes the report of a finished run.

    Args:
        run: what training wrote.
        out: path or gs:// URI of the HTML file, at most 1 MB.
        train_data: npz of the training rows, for the baselines and the profile.
        val_data: npz of the validation rows, in the order of the run's predictions, for what
            depends on the columns: permutation importance and errors by group.
        table: the table's profile, as `features.profile.profile_of` gives it; without it the
            profile is of the training rows as the model saw them.
        job: what else is known of the run.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
        InputError: the arrays are not those of the run.
    """
    run.verify()
    with one_thread():
        page = render_page(context(run, train_data, val_data, table or {}, job or Job()))
    with contract.atomic_write(local_path(out)) as file:
        file.write(page.encode())


def complete_report(report: str, run: RunDirectory, job: Job) -> None:
    """Renders the parts of a written report again that depend on the job alone, because its name,
    steps and times are known only when all steps have ended. The rest of the page stays.

    Args:
        report: path or gs:// URI of the page that `write_report` wrote.
        run: the run that it is of.
        job: what is known of the run now.

    Raises:
        TabularError: the run is not whole, or the report cannot be written.
    """
    path = local_path(report)
    page = path.read_text()
    content = job_context(run, job)
    for name in JOB_PARTS:
        part = render_page(content, f"{name}.html.j2")
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, rest = page.split(start)
        page = before + part + rest.split(end)[1]
    with contract.atomic_write(path) as file:
        file.write(page.encode())


def render_page(content: dict[str, Any], template: str = "report.html.j2") -> str:
    """The page with this content."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(formatting, name)
        for name in ("decimal", "percent", "plain", "seconds", "whole")
    }
    environment.filters |= {
        "fixed": formatting.fixed,
        "as_text": _as_text,
        "sparkline": svg.sparkline,
    }
    return environment.get_template(template).render(content)


def context(
    run: RunDirectory, train_data: str, val_data: str, table: Mapping[str, Any], job: Job
) -> dict[str, Any]:
    """What the template shows."""
    columns = columns_of(run)
    train = read_rows(train_data, contract.TRAIN_KEYS, baselines.MAX_ROWS) if train_data else None
    x = validation_rows(run, val_data) if val_data else None
    predictions: dict[str, Array] = {}
    if train and x is not None:
        fitted = baselines.fit(run.task, *train, len(run.classes))
        predictions = {name: predictor(x) for name, predictor in fitted.items()}
    profiles = []
    if table:
        profiles = profile.of_table(table)
    elif train:
        profiles = profile.of_rows(columns, train[0])
    return {
        **job_context(run, job),
        "headline": headline(run, predictions),
        "plots": render([*learning(run), *plots_of(run, x)]),
        "thresholds": thresholds_of(run),
        "epochs": _epochs(run),
        "test": {
            metric.label: run.metrics[f"test_{name}"]
            for name, metric in run.kind.metrics.items()
            if run.metrics.get(f"test_{name}") is not None
        },
        "confusion": confusion_of(run) if run.classes else None,
        "groups": groups_shown(run, columns, x),
        "profiles": profiles,
        "profiled": len(train[0]) if train and not table else 0,
        "table": table,
    }


def job_context(run: RunDirectory, job: Job) -> dict[str, Any]:
    """What the parts that depend on the job show."""
    return {
        "run": run,
        "job": job,
        "target": run.target,
        "parameters": _parameters(run, job),
        "versions": {**run.metrics["versions"], **job.versions},
        "fingerprints": {**job.fingerprints, **run.files},
        "graph": svg.render_graph(job.steps) if job.steps else None,
        "log": _log(run.log),
    }


def render(plots: Iterable[Chart | Bars]) -> dict[str, dict[str, Any]]:
    """The marks of plots, by name."""
    return {
        plot.name: svg.render_bars(plot) if isinstance(plot, Bars) else svg.render(plot)
        for plot in plots
    }


def _epochs(run: RunDirectory) -> list[tuple[str, list[float]]]:
    """The history's rows that tell the most: epoch, losses, score and seconds of each."""
    columns = list(run.history.values())
    if not columns or not len(columns[0]):
        return []
    last, best = len(columns[0]), int(run.metrics["best_epoch"])
    rows = {"first": 1, "best": best, "last": last}
    return [(name, [float(c[n - 1]) for c in columns]) for name, n in rows.items() if n > 0]


def groups_shown(
    run: RunDirectory, columns: list[Column], x: Array | None
) -> dict[str, Any] | None:
    """Errors by group, their mean, and the end of the scale; None where there are no groups."""
    if x is None:
        return None
    errors = groups.errors_of(run.task, run.y, run.predictions)
    found = groups.groups_of(run.task, columns, x, errors)
    if not found:
        return None
    overall = float(errors.mean())
    top = max([overall, *(level.high for group in found for level in group.levels)]) or 1.0
    return {"groups": found, "overall": overall, "top": top}


def _parameters(run: RunDirectory, job: Job) -> dict[str, object]:
    own = {k: v for k, v in run.metrics["hyperparameters"].items() if k not in PATHS}
    return {**job.parameters, **own}


def _as_text(value: object) -> str:
    """A parameter's value."""
    return json.dumps(value) if isinstance(value, dict) else str(value) or "–"


def _log(lines: list[str]) -> list[str]:
    if len(lines) <= 2 * LOG_LINES:
        return lines
    left_out = len(lines) - 2 * LOG_LINES
    return [*lines[:LOG_LINES], f"… {left_out} lines …", *lines[-LOG_LINES:]]

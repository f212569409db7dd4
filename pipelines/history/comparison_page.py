"""The comparison of runs as one HTML file, in the look of a run's report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.history.comparison import Comparison, Difference, best

MAX_CURVES = 6  # of one chart: more are hard to distinguish
TAIL = 6  # characters of an id that tell runs apart, as those of a git commit do
LABEL = 16  # characters of a run where ids have no such end
SAME = "the same predictions"
SECTIONS = {
    "compared_runs": "Runs",
    "differences": "Beyond chance?",
    "differing": "What differs",
    "compared_metrics": "Metrics",
    "curves": "Training",
}


@dataclass(frozen=True)
class MetricRow:
    """One metric: its difference for each run that was paired with the first, or None."""

    label: str
    meaning: str
    better: str
    cells: list["DifferenceCell | None"]


@dataclass(frozen=True)
class DifferenceCell:
    """A difference as text; `verdict` is better, worse or within."""

    value: str
    interval: str
    verdict: str
    caption: str


@dataclass(frozen=True)
class RunRow:
    """One run: its id, what the page calls it, its report's URL if it is beside, and its time."""

    run_id: str
    label: str
    report: str
    state: str
    time: str


@dataclass(frozen=True)
class ValueRow:
    """A value of each run as text; `best` are the numbers of those that are best, where the
    direction is known and they differ."""

    name: str
    values: list[str]
    best: list[int]


def write_page(found: Comparison, out: Path) -> None:
    """Writes the page, which needs no network; every name in it is escaped.

    Raises:
        TabularError: it cannot be written.
    """
    from vertex_tabular.pages import shell
    from vertex_tabular.pages.formatting import seconds
    from vertex_tabular.report.sections import sections_of
    from vertex_tabular.report.svg import render

    labels = labels_of(found.run_ids)
    paired = list(dict.fromkeys(each.run_id for each in found.differences))
    label_of = dict(zip(found.run_ids, labels, strict=True))
    reports = [shell.link_to(path, out) if path else "" for path in found.reports]
    parts = zip(found.run_ids, labels, reports, found.states, found.seconds, strict=True)
    content = {
        "labels": labels,
        "runs": [RunRow(run, label, r, state, seconds(s)) for run, label, r, state, s in parts],
        "paired": [label_of[run_id] for run_id in paired],
        "first": labels[0],
        "rows": _rows(found.differences, paired),
        "not_paired": {label_of[name]: why for name, why in found.not_paired.items()},
        "differing": {
            "Parameters": _values(found.parameters),
            "Data": _values(found.data),
            "Code and versions": _values(found.code),
        },
        "metrics": _metrics(found.metrics),
        "plots": [render(chart) for chart in _curves(found.histories, label_of)],
        "drawn": min(len(found.histories), MAX_CURVES),
        "recorded": len(found.histories),
    }
    page = shell.Page(
        kind="Comparison",
        heading=f"{len(found.run_ids)} runs compared",
        about=", ".join(labels),
        lead=_summary(found, paired, label_of),
        sections=sections_of(SECTIONS, content),
    )
    shell.write(page, out)


def labels_of(run_ids: Sequence[str]) -> list[str]:
    """What a page calls runs: the ends of their ids, if these are all different and look like such
    an end, or else as much of each as tells them apart."""
    from vertex_tabular.pages.formatting import distinct

    if len(run_ids) == 1:
        return list(run_ids)
    tails = [run_id.rpartition("-")[2] for run_id in run_ids]
    if all(len(tail) >= TAIL for tail in tails) and len(set(tails)) == len(set(run_ids)):
        return [tail[-LABEL:] for tail in tails]
    return distinct(run_ids, LABEL)


def _rows(differences: Sequence[Difference], paired: Sequence[str]) -> list[MetricRow]:
    from trainer.tasks.metrics import METRICS

    cells = {(each.metric, each.run_id): _cell(each) for each in differences}
    return [
        MetricRow(
            METRICS[metric].label,
            METRICS[metric].meaning,
            "higher is better" if METRICS[metric].higher_is_better else "lower is better",
            [cells.get((metric, run_id)) for run_id in paired],
        )
        for metric in dict.fromkeys(each.metric for each in differences)
    ]


def _is_same(each: Difference) -> bool:
    return each.value == each.low == each.high == 0


def _cell(each: Difference) -> DifferenceCell:
    from vertex_tabular.pages import formatting

    if _is_same(each):
        return DifferenceCell("0", "", "within", SAME)
    decimals = formatting.places(each.low, each.high)
    value, low, high = (
        formatting.fixed(number, decimals, sign=True)
        for number in (each.value, each.low, each.high)
    )
    return DifferenceCell(
        value, f"{low} to {high}", each.verdict.partition(",")[0].split()[0], each.verdict
    )


def _metrics(metrics: Mapping[str, Sequence[Any]]) -> list[ValueRow]:
    """Every metric of each run in one format, the best marked where the direction is known."""
    from vertex_tabular.pages.formatting import together

    rows = []
    for name, values in metrics.items():
        numbers = [math.nan if value is None else float(value) for value in values]
        rows.append(ValueRow(name, together(numbers), best(name, values)))
    return rows


def _values(values: Mapping[str, Sequence[Any]]) -> list[ValueRow]:
    return [ValueRow(name, [_text(v) for v in each], []) for name, each in values.items()]


def _text(value: object) -> str:
    from vertex_tabular.report.made import text_of

    return "–" if value is None or value == "" else text_of(value)


def _summary(found: Comparison, paired: Sequence[str], label_of: Mapping[str, str]) -> str:
    """The page's message in a sentence or two, by the primary metric of a report."""
    from trainer.tasks.kinds import TASK_KINDS
    from trainer.tasks.metrics import METRICS

    if len(found.run_ids) == 1:
        return "There is only one run, so nothing to compare."
    if not paired:
        return "No run was compared with the first row by row; the reasons are below."
    primary = {kind.primary_metric for kind in TASK_KINDS.values()}
    said = f"Compared with {label_of[found.run_ids[0]]}, on the same validation rows."
    runs_by: dict[tuple[str, str], list[str]] = {}
    for each in found.differences:
        if each.metric in primary:
            verdict = SAME if _is_same(each) else each.verdict
            runs_by.setdefault((each.metric, verdict), []).append(label_of[each.run_id])
    for (metric, verdict), runs in runs_by.items():
        said += f" {METRICS[metric].label} of {', '.join(dict.fromkeys(runs))}: {verdict}."
    return said


def _curves(histories: Mapping[str, Mapping[str, Any]], label_of: Mapping[str, str]) -> list[Any]:
    """Loss and score of the validation rows by epoch; of runs of one task."""
    from trainer.tasks.kinds import TASK_KINDS
    from trainer.tasks.metrics import METRICS
    from vertex_tabular.pages.formatting import decimal
    from vertex_tabular.report import curves
    from vertex_tabular.report.chart import Chart, Series
    from vertex_tabular.report.plots import score_names

    shown = {
        run_id: history
        for run_id, history in list(histories.items())[:MAX_CURVES]
        if len(history.get("epoch", ()))
    }
    names = {name for history in shown.values() for name in history}
    scores = [n for n in sorted(names) if n.startswith("validation_") and "loss" not in n]
    if len(scores) != 1:  # none, or those of two tasks
        return []
    kind = next(kind for kind in TASK_KINDS.values() if scores[0] == f"validation_{kind.score}")
    score, score_label = score_names(kind)
    charts = []
    for column, title, label, low in (
        ("validation_loss", "Validation loss by epoch", f"Loss ({kind.loss_unit})", True),
        (
            scores[0],
            f"Validation {score} by epoch",
            score_label,
            not METRICS[kind.score].higher_is_better,
        ),
    ):
        series, best = [], []
        for number, (run_id, history) in enumerate(shown.items()):
            values, epochs = history[column], history["epoch"]
            at = int(values.argmin() if low else values.argmax())
            kept = curves.evenly(epochs)
            kept[abs(kept - at).argmin()] = at
            name = label_of[run_id]
            series.append(Series(name, epochs[kept], values[kept], colour=number))
            best.append(f"{name}: {decimal(float(values[at]))} at epoch {int(epochs[at])}")
        caption = f"{'Lowest' if low else 'Highest'}: {'; '.join(best)}."
        charts.append(
            Chart(column.replace("_", "-"), title, caption, "Epoch", label, series, whole_x=True)
        )
    return charts

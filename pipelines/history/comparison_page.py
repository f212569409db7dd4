"""The comparison of runs as one HTML file, in the look of a run's report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.history.comparison import Comparison, Difference
from trainer import contract

MAX_CURVES = 6  # of one chart: more are hard to distinguish


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


def write_page(found: Comparison, out: Path) -> None:
    """Writes the page, which needs no network; every name in it is escaped.

    Raises:
        TabularError: it cannot be written.
    """
    from vertex_tabular.report.page import render_page
    from vertex_tabular.report.svg import render

    paired = list(dict.fromkeys(each.run_id for each in found.differences))
    content = {
        "found": found,
        "paired": paired,
        "rows": _rows(found.differences, paired),
        "summary": _summary(found, paired),
        "side_by_side": _side_by_side,
        "plots": [render(chart) for chart in _curves(found.histories)],
        "drawn": min(len(found.histories), MAX_CURVES),
    }
    page = render_page(content, "comparison.html.j2")
    with contract.atomic_write(out) as file:
        file.write(page.encode())


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


def _cell(each: Difference) -> DifferenceCell:
    from vertex_tabular.report import formatting
    from vertex_tabular.report.bootstrap import Interval

    decimals = formatting.places(Interval(each.value, each.low, each.high))
    value, low, high = (
        formatting.fixed(number, decimals, sign=True)
        for number in (each.value, each.low, each.high)
    )
    return DifferenceCell(
        value, f"{low} to {high}", each.verdict.partition(",")[0].split()[0], each.verdict
    )


def _side_by_side(values: Sequence[Any]) -> list[Any]:
    """A metric of several runs with the same number of decimals, at least four digits of each."""
    from vertex_tabular.report import formatting

    sizes = [abs(value) for value in values if isinstance(value, float) and math.isfinite(value)]
    places = max((3 - math.floor(math.log10(size)) for size in sizes if size), default=0)
    decimals = min(max(places, 0), 6)
    return [formatting.fixed(v, decimals) if isinstance(v, float) else v for v in values]


def _summary(found: Comparison, paired: Sequence[str]) -> str:
    """The page's message in a sentence or two, by the primary metric of a report."""
    from trainer.tasks.kinds import TASK_KINDS
    from trainer.tasks.metrics import METRICS

    primary = {kind.primary_metric for kind in TASK_KINDS.values()}
    said = [
        f"{METRICS[each.metric].label} of {each.run_id}: {each.verdict}."
        for each in found.differences
        if each.metric in primary
    ]
    if len(found.run_ids) == 1:
        return "There is only one run, so nothing to compare."
    if not paired:
        return "No run was compared with the first row by row; the reasons are below."
    return f"Compared with {found.run_ids[0]}, on the same validation rows. {' '.join(said)}"


def _curves(histories: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Loss and score of the validation rows by epoch; of runs of one task."""
    from trainer.tasks.kinds import TASK_KINDS
    from trainer.tasks.metrics import METRICS
    from vertex_tabular.report import curves
    from vertex_tabular.report.chart import Chart, Series
    from vertex_tabular.report.formatting import decimal
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
            series.append(Series(run_id, epochs[kept], values[kept], colour=number))
            best.append(f"{run_id}: {decimal(float(values[at]))} at epoch {int(epochs[at])}")
        caption = f"{'Lowest' if low else 'Highest'}: {'; '.join(best)}."
        charts.append(
            Chart(column.replace("_", "-"), title, caption, "Epoch", label, series, whole_x=True)
        )
    return charts

"""The drift report: one page on how a table differs from the training rows, column by column."""

from collections.abc import Sequence
from typing import Any

from trainer import contract
from trainer.uri import local_path
from vertex_tabular.features.drift import PSI_MAJOR, PSI_MINOR, Drift
from vertex_tabular.prediction.table import Counts
from vertex_tabular.report.page import render_page

WIDTH, HEIGHT = 180, 40  # of the small bars, in the units of their view box


def write_drift_report(
    out: str, target: str, counts: Counts, found: Sequence[Drift], source: str
) -> None:
    """Writes the page; it needs no network.

    Args:
        out: path or gs:// URI of the HTML file.
        target: what was predicted.
        counts: what was found in the table.
        found: the columns' drift, the largest first; empty where training kept no bins.
        source: where the table is.

    Raises:
        TabularError: it cannot be written.
    """
    content = {
        "target": target,
        "counts": counts,
        "columns": [{"drift": column, "bars": paired_bars(column)} for column in found],
        "drifted": [column.name for column in found if column.drifted],
        "source": source,
        "limits": {"minor": PSI_MINOR, "major": PSI_MAJOR},
    }
    page = render_page(content, "drift.html.j2")
    with contract.atomic_write(local_path(out)) as file:
        file.write(page.encode())


def paired_bars(column: Drift) -> dict[str, Any]:
    """For each bin two bars, of the training rows and of the new ones: the paths of both."""
    step = WIDTH / len(column.labels)
    width = 0.4 * step
    top = max(*column.trained, *column.new) or 1.0

    def path(shares: Sequence[float], shift: float) -> str:
        return "".join(
            f"M{i * step + shift:.1f} {HEIGHT}v{-HEIGHT * share / top:.1f}h{width:.1f}V{HEIGHT}z"
            for i, share in enumerate(shares)
            if share
        )

    return {"trained": path(column.trained, 0.1 * step), "new": path(column.new, 0.5 * step)}

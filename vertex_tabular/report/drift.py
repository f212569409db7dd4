"""The drift report: one page on how a table differs from the training rows, column by column."""

from collections.abc import Mapping, Sequence
from typing import Any

from vertex_tabular.features.drift import PSI_MAJOR, PSI_MINOR, Drift
from vertex_tabular.pages import shell
from vertex_tabular.pages.formatting import counted, shortened
from vertex_tabular.prediction.table import Counts
from vertex_tabular.report.sections import sections_of

WIDTH, HEIGHT = 180, 40  # of the small bars, in the units of their view box
SECTIONS = {"drift": "Columns", "shares": "Shares of the rows"}
CALM = 10  # columns that have not drifted and are shown at once
NAMED = 5  # drifted columns that are named in the first sentence


def write_drift_report(
    out: str,
    target: str,
    counts: Counts,
    found: Sequence[Drift],
    source: str,
    links: Mapping[str, str] | None = None,
) -> None:
    """Writes the page; it needs no network.

    Args:
        out: path or gs:// URI of the HTML file.
        target: what was predicted.
        counts: what was found in the table.
        found: the columns' drift, the largest first; empty where training kept no bins.
        source: where the table is.
        links: to the pages beside this one, by what they are called.

    Raises:
        TabularError: it cannot be written.
    """
    ranked = sorted(found, key=lambda column: not column.drifted)
    columns = [{"drift": column, "bars": paired_bars(column)} for column in ranked]
    drifted = [column.name for column in found if column.drifted]
    content = {
        "counts": counts,
        "columns": columns,
        "first": len(drifted) + CALM,
        "limits": {"minor": PSI_MINOR, "major": PSI_MAJOR},
    }
    page = shell.Page(
        kind="Drift",
        heading=f"Predicting {target}",
        about="from the training rows",
        lead=_lead(drifted, len(found)),
        tally=[
            f"{counted(counts.rows, 'row')} predicted",
            f"{counted(counts.missing.total(), 'missing value')} filled",
            f"{counted(counts.unseen.total(), 'value')} unseen in training",
        ],
        links=links or {},
        sections=sections_of(SECTIONS, content),
        source=source,
    )
    shell.write(page, out)


def _lead(drifted: Sequence[str], columns: int) -> str:
    if not columns:
        return (
            "This model has no record of the distribution of its training rows: train again to see "
            "drift."
        )
    if not drifted:
        return "No column has drifted from the training rows."
    named = ", ".join(shortened(name, 60) for name in drifted[:NAMED])
    more = f" and {len(drifted) - NAMED} more" if len(drifted) > NAMED else ""
    have = "has" if len(drifted) == 1 else "have"
    return (
        f"{len(drifted)} of {columns} columns {have} drifted: {named}{more}. Predictions may be "
        "worse than in validation."
    )


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

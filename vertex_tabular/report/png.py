"""The report's plots as PNG files, for a paper or a slide. They need matplotlib, the extra `png`,
which is imported on request only: that takes longer than to make the whole report."""

from pathlib import Path
from typing import Any

from trainer import contract
from trainer.errors import InputError
from trainer.uri import local_path
from vertex_tabular.pages.formatting import distinct, shortened
from vertex_tabular.prediction.threads import one_thread
from vertex_tabular.report.axis import Axis
from vertex_tabular.report.chart import Bars, Chart, Series
from vertex_tabular.report.plots import learning, plots_of, validation_rows
from vertex_tabular.run.directory import RunDirectory

# Okabe and Ito's colours and the dashes of report.css.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1.5, 2)), (0, (8, 3)), (0, (3, 3)))
INCHES = (4.8, 3.6)
DOTS_PER_INCH = 200
GREY = "#59636e"
NAME, LABEL = 24, 44  # characters of a column or class, and of an axis


def write_plots(run: RunDirectory, directory: str, *, val_data: str = "") -> list[str]:
    """Writes each plot of a run's report into `directory`, 960 × 720 pixels on white.

    Args:
        run: what training wrote.
        directory: path or gs:// URI; made if need be.
        val_data: npz of the validation rows, for permutation importance.

    Returns:
        The names of the files.

    Raises:
        TabularError: the run is not whole, or a file cannot be written.
        InputError: the arrays are not those of the run, or matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(
            "PNG files need matplotlib, which is not installed; pip install 'vertex-tabular[png]'"
        ) from None
    target = local_path(directory)
    x = validation_rows(run, val_data) if val_data else None
    with one_thread():
        plots = [*learning(run), *plots_of(run, x)]
    names = []
    for plot in plots:
        names.append(f"{plot.name}.png")
        _write(plot, target / names[-1])
    return names


def _write(plot: Chart | Bars, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(plot.title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(shortened(plot.x_label, LABEL))
    axes.spines[["top", "right"]].set_visible(False)
    if isinstance(plot, Bars):
        _bars(axes, plot)
    else:
        _chart(axes, plot)
    _ticks(axes.xaxis, axes.get_xlim(), isinstance(plot, Chart) and plot.whole_x)
    if isinstance(plot, Chart):
        _ticks(axes.yaxis, axes.get_ylim())
    with contract.atomic_write(path) as file:
        figure.savefig(file, format="png")


def _chart(axes: Any, chart: Chart) -> None:
    axes.set_ylabel(shortened(chart.y_label, LABEL))
    axes.grid(color="#e6e9ed")
    axes.set_axisbelow(True)
    for series in chart.series:
        _series(axes, series)
    if chart.log_y:
        axes.set_yscale("log")
    if chart.x_range:
        axes.set_xlim(*chart.x_range)
    if chart.y_range:
        axes.set_ylim(chart.y_range[0], chart.y_range[1] * 1.01)  # a line along the edge is seen
    elif any(series.style == "steps" for series in chart.series):
        axes.set_ylim(bottom=0)
    if chart.mark:
        axes.axvline(chart.mark[0], color=GREY, linestyle=":", linewidth=1)
        axes.annotate(
            chart.mark[1], (chart.mark[0], 1), (4, -2), ("data", "axes fraction"),
            "offset points", color=GREY, fontsize=9, va="top",
        )  # fmt: skip
    if any(series.name for series in chart.series):
        axes.legend(frameon=False, fontsize=9)


def _ticks(axis: Any, limits: tuple[float, float], whole: bool = False) -> None:
    """Gives an axis the report's ticks; matplotlib would write large numbers as 0.2 of 1e6."""
    if axis.get_scale() == "linear":
        low, high = limits
        positions, labels = zip(*Axis(low, high, low, high, whole=whole).ticks(), strict=True)
        axis.set_ticks(positions, labels)


def _series(axes: Any, series: Series) -> None:
    colour, dashes = COLOURS[series.colour], DASHES[series.colour]
    if series.style == "guide":
        axes.plot(series.x, series.y, color=GREY, linestyle="--", linewidth=1)
    elif series.style == "dots":
        few = len(series.x) <= 40
        if len(series.low):
            axes.vlines(series.x, series.low, series.high, color=colour, linewidth=1.5)
        axes.scatter(
            series.x, series.y, 24 if few else 9, colour, alpha=1 if few else 0.45, linewidths=0
        )
    else:
        steps = "steps-post" if series.style == "steps" else "default"
        axes.plot(
            series.x, series.y, color=colour, linestyle=dashes, linewidth=1.8,
            drawstyle=steps, label=shortened(series.name, NAME) or None,
        )  # fmt: skip


def _bars(axes: Any, bars: Bars) -> None:
    axes.grid(axis="x", color="#e6e9ed")
    axes.set_axisbelow(True)
    at = range(len(bars.labels))
    axes.barh(at, bars.values, xerr=bars.spread, color=COLOURS[0], alpha=0.8)
    axes.set_yticks(at, distinct(bars.labels, NAME), fontsize=10 if len(at) <= 10 else 7)
    axes.invert_yaxis()

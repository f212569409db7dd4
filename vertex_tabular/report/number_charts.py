"""Plots of predicted numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertex_tabular.pages.formatting import decimal, fixed, shortened
from vertex_tabular.report.chart import Chart, Series
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

MAX_DOTS = 400
SEED = 0


def numbers(run: RunDirectory) -> list[Chart]:
    """How predicted numbers compare with the true ones."""
    actual, predicted = run.y.astype(np.float64), run.predictions.astype(np.float64)
    rows = np.random.default_rng(SEED).permutation(len(actual))[:MAX_DOTS]
    ends = np.array([min(actual.min(), predicted.min()), max(actual.max(), predicted.max())])
    residuals = actual - predicted
    inner = np.quantile(residuals, (0.005, 0.995))
    counts, edges = np.histogram(residuals, 30, tuple(inner) if inner[0] < inner[1] else None)
    shares = counts / len(residuals) * 100
    target = shortened(run.target, 28)
    sample = "" if len(rows) == len(actual) else f" A random {MAX_DOTS} rows are drawn."
    order = np.argsort(predicted)
    parts = np.array_split(order, min(20, len(order)))
    means = np.array([predicted[part].mean() for part in parts])
    means_of_actual = np.array([actual[part].mean() for part in parts])
    errors = np.array([1.96 * actual[part].std() / np.sqrt(len(part)) for part in parts])
    span = (
        float(min(means.min(), (means_of_actual - errors).min())),
        float(max(means.max(), (means_of_actual + errors).max())),
    )
    return [
        Chart(
            "predicted",
            "Predicted and true",
            f"The correlation is {fixed(_correlation(actual, predicted), 3)}. On the dashed line, "
            f"predictions are right.{sample}",
            f"Predicted {target}",
            f"True {target}",
            [
                Series("", ends, ends, "guide"),
                Series("", predicted[rows], actual[rows], "dots"),
            ],
        ),
        Chart(
            "calibration",
            "Calibration",
            "Mean true value of 20 equally large groups of rows, by mean prediction. Bars are "
            "95 % intervals; on the dashed line, predictions are right on average.",
            f"Mean predicted {target}",
            f"Mean true {target}",
            [
                Series("", np.array(span), np.array(span), "guide"),
                Series(
                    "",
                    means,
                    means_of_actual,
                    "dots",
                    means_of_actual - errors,
                    means_of_actual + errors,
                ),
            ],
        ),
        Chart(
            "residuals",
            "Residuals",
            f"True minus predicted: on average {decimal(float(residuals.mean()), 4)}, standard "
            f"deviation {decimal(float(residuals.std()), 4)}. The middle 99 % of rows.",
            f"True − predicted {target}",
            "Share of rows (%)",
            [Series("", edges, np.append(shares, shares[-1]), "steps")],
            mark=(0.0, ""),
        ),
    ]


def _correlation(a: Array, b: Array) -> float:
    if len(a) < 2:  # of which numpy warns
        return float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.corrcoef(a, b)[0, 1])

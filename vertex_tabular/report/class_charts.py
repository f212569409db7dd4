"""Plots of predicted classes and their probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.tasks import metrics
from vertex_tabular.pages.formatting import distinct, fixed
from vertex_tabular.report import curves
from vertex_tabular.report.bootstrap import wilson
from vertex_tabular.report.chart import Chart, Series
from vertex_tabular.run.directory import RunDirectory

Array = NDArray[Any]

NAME = 20  # characters of a class in a legend or caption
MAX_CLASSES = 6  # drawn in one chart: as many as can be told apart


def discrimination(run: RunDirectory) -> list[Chart]:
    """ROC, precision-recall and the distribution of scores, of one class or of each."""
    names = distinct(run.classes, NAME)
    if run.task == "binary":
        scored = [(names[1], run.y == 1, run.predictions)]
    else:
        frequent = np.argsort(-np.bincount(run.y, minlength=len(run.classes)), kind="stable")
        chosen = sorted(frequent[:MAX_CLASSES])
        scored = [(names[c], run.y == c, run.predictions[:, c]) for c in chosen]
    ranked = [(name, curves.ranking(ones, scores)) for name, ones, scores in scored]
    rankings = [(name, ranking) for name, ranking in ranked if ranking]
    if not rankings:
        return []
    dot_of_roc: tuple[float, ...] = ()
    dot_of_recall: tuple[float, ...] = ()
    if run.task == "binary":
        at_half = curves.thresholds(run.y, run.predictions)
        tp, fp = at_half.ones[50], at_half.zeros[50]
        recall = tp / rankings[0][1].ones[-1]
        dot_of_roc = (fp / rankings[0][1].zeros[-1], recall)
        dot_of_recall = (recall, tp / (tp + fp) if tp + fp else 1.0)
    rest = "" if len(run.classes) <= MAX_CLASSES else f" The {MAX_CLASSES} most frequent classes."
    who = "" if run.task == "binary" else ", each class against the rest"
    areas = [
        float(metrics.auc_of_ranking(ones, scores))
        for _, ones, scores in scored
        if ones.any() and not ones.all()
    ]
    precisions = [r.average_precision for _, r in rankings]

    def legend(name: str, value: float) -> str:
        return f"{name}: {fixed(value, 3)}" if run.task == "multiclass" else ""

    def listed(values: list[float]) -> str:
        if run.task == "binary":
            return fixed(values[0], 3)
        pairs = zip(rankings, values, strict=True)
        return ", ".join(f"{name}: {fixed(value, 3)}" for (name, _), value in pairs)

    base = rankings[0][1].ones[-1] / len(run.y)
    guide = (
        []
        if run.task == "multiclass"
        else [Series("", np.array([0, 1]), np.array([base, base]), "guide")]
    )
    unit = (0.0, 1.0)
    return [
        Chart(
            "roc",
            "ROC curve",
            f"Area under the curve{who}: {listed(areas)}. The dashed line is chance, 0.5.{rest}",
            "False positive rate",
            "True positive rate",
            [
                Series("", np.array([0, 1]), np.array([0, 1]), "guide"),
                *(
                    Series(legend(name, area), *ranking.roc()[:2], colour=number)
                    for number, ((name, ranking), area) in enumerate(
                        zip(rankings, areas, strict=True)
                    )
                ),
            ],
            unit,
            unit,
            threshold=dot_of_roc,
        ),
        Chart(
            "precision-recall",
            "Precision and recall",
            f"Average precision{who}: {listed(precisions)}."
            + (f" The dashed line is chance, {fixed(base, 3)}." if guide else "")
            + rest,
            "Recall",
            "Precision",
            [
                *guide,
                *(
                    Series(legend(name, value), *ranking.precision_recall(), colour=number)
                    for number, ((name, ranking), value) in enumerate(
                        zip(rankings, precisions, strict=True)
                    )
                ),
            ],
            unit,
            unit,
            threshold=dot_of_recall,
        ),
    ]


def rates(run: RunDirectory) -> list[Chart]:
    """Precision, recall and F1 of class 1 at every threshold."""
    ones, positive = int((run.y == 1).sum()), distinct(run.classes, NAME)[1]
    if not ones:
        return []
    thresholds = curves.thresholds(run.y, run.predictions)
    hits, alarms = np.array(thresholds.ones), np.array(thresholds.zeros)
    given = hits + alarms
    some = given > 0  # where no row is given the class, there is no precision
    f1 = 2 * hits / (given + ones)
    best = int(f1.argmax())
    at = curves.THRESHOLDS
    return [
        Chart(
            "rates",
            "Rates by threshold",
            f"Of class {positive}. F1, the harmonic mean of the two, is highest, "
            f"{fixed(float(f1[best]), 3)}, at threshold {fixed(float(at[best]), 2)}.",
            "Threshold",
            "Precision, recall, F1",
            [
                Series("precision", at[some], hits[some] / given[some]),
                Series("recall", at, hits / ones, colour=1),
                Series("F1", at, f1, colour=2),
            ],
            (0.0, 1.0),
            (0.0, 1.0),
            threshold=(0.5,),
        )
    ]


def calibration(run: RunDirectory) -> list[Chart]:
    """Whether probabilities are as they are observed, and how they are distributed."""
    binary, names = run.task == "binary", distinct(run.classes, NAME)
    correct, confidence = metrics.confidence_of(run.y, run.predictions)
    found = curves.calibration(correct, confidence)
    low, high = wilson(found.share * found.rows, found.rows)
    gap = float(metrics.calibration_error(run.y, run.predictions))
    of = f"class {names[1]}" if binary else "the predicted class"
    edges = np.linspace(0, 1, 21)
    parts = [(f"class {c}", run.y == number) for number, c in enumerate(names)]
    if not binary:
        parts = [("right", correct == 1), ("wrong", correct == 0)]
    spread = []
    for number, (name, rows) in enumerate(parts):
        shares = np.histogram(confidence[rows], edges)[0] / max(int(rows.sum()), 1)
        spread.append(
            Series(name, edges, np.append(shares, shares[-1]) * 100, "steps", colour=number)
        )
    whose = "each class’s" if binary else "right and wrong"
    return [
        Chart(
            "calibration",
            "Calibration",
            f"On average a probability is {fixed(gap, 3)} away from the observed share (expected "
            "calibration error, 10 bins). Bars are 95 % intervals; on the dashed line, "
            "probabilities are what they say.",
            f"Predicted probability of {of}",
            f"Share of rows of {of}" if binary else "Share of rows that are right",
            [
                Series("", np.array([0, 1]), np.array([0, 1]), "guide"),
                Series("", found.confidence, found.share, "dots", low, high),
            ],
            (0.0, 1.0),
            (0.0, 1.0),
        ),
        Chart(
            "probabilities",
            "Predicted probabilities",
            f"How the probability of {of} is distributed over {whose} "
            "rows; the further apart, the better.",
            f"Predicted probability of {of}",
            f"Share of {'the class’s' if binary else 'those'} rows (%)",
            spread,
            (0.0, 1.0),
            threshold=(0.5,) if binary else (),
        ),
    ]

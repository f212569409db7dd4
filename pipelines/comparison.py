"""In what runs differ: parameters, data, code, and metrics, with whether that is beyond chance."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.fetch import Copy
from pipelines.records import Record
from trainer.contract import MANIFEST, METRICS, PREDICTIONS, join, sha256_of
from trainer.errors import TabularError

Values = dict[str, list[Any]]  # by name, one value for each run


@dataclass
class Difference:
    """How far a run's figure on the validation rows is from the first run's.

    Attributes:
        run_id: the run.
        figure: log_loss, auc, rmse, …
        value: the run's figure minus the first run's.
        low, high: the 95 % interval of that, by bootstrap of the rows both runs predicted.
    """

    run_id: str
    figure: str
    value: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval excludes 0; not so when there is no interval, which is NaN."""
        return self.low > 0 or self.high < 0


@dataclass
class Comparison:
    """What differs between runs; `values` that are the same in all runs are left out.

    Attributes:
        run_ids: the first is what the others are compared with.
        states: of each run.
        parameters, data, code: what differs.
        metrics: every metric.
        differences: on the same validation rows, only for runs that have them.
        not_paired: by run, why its figures cannot be compared row by row.
    """

    run_ids: list[str]
    states: list[str]
    parameters: Values
    data: Values
    code: Values
    metrics: Values
    differences: list[Difference] = field(default_factory=list)
    not_paired: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """The part of a run's results that is compared: arrays are those of val_predictions.npz."""

    task: str
    versions: dict[str, str]
    y: Any
    predictions: Any


def compare(records: Sequence[Record], copier: Callable[[Record], Copy]) -> Comparison:
    """Compares runs with the first of them; `copier` gives what copies a run's files here.

    Raises:
        TabularError: a run's results are damaged.
    """
    answers = [_answers(record, copier(record)) for record in records]
    versions = [found.versions if found else {} for found in answers]
    result = Comparison(
        [record.run_id for record in records],
        [record.state for record in records],
        _differing([record.parameters for record in records]),
        _differing([{"table": record.fingerprint or None} for record in records]),
        _differing([{"code": r.code or None, **v} for r, v in zip(records, versions, strict=True)]),
        _aligned([record.metrics for record in records]),
    )
    for record, found in zip(records[1:], answers[1:], strict=True):
        why = _why_not_paired(records[0], record, answers[0], found)
        if why:
            result.not_paired[record.run_id] = why
        elif found and answers[0]:
            result.differences += _differences(record.run_id, answers[0], found)
    return result


def _answers(record: Record, copy: Copy) -> Answers | None:
    """None for a run that has no results."""
    import numpy as np

    source = record.artifacts.get("run_directory")
    if record.state != "SUCCEEDED" or not source:
        return None
    with tempfile.TemporaryDirectory() as name:
        for file in (MANIFEST, METRICS, PREDICTIONS):
            copy(join(source, file), Path(name, file))
        expected = json.loads(Path(name, MANIFEST).read_bytes())["files"]
        for file in (METRICS, PREDICTIONS):
            if sha256_of(Path(name, file)) != expected[file]["sha256"]:
                raise TabularError(f"{join(source, file)} is not what its manifest says")
        metrics = json.loads(Path(name, METRICS).read_bytes())
        with np.load(Path(name, PREDICTIONS)) as arrays:
            key = "prediction" if metrics["task"] == "regression" else "probability"
            return Answers(metrics["task"], metrics["versions"], arrays["y_true"], arrays[key])


def _why_not_paired(
    first: Record, other: Record, a: Answers | None, b: Answers | None
) -> str | None:
    """Rows are taken to be the same when both tables are, and the labels are, in order: npz files
    of the rows differ also when only the features made from them do."""
    import numpy as np

    if not a or not b:
        return "a run without results has no predictions"
    if first.fingerprint != other.fingerprint or not first.fingerprint:
        return "the tables differ, or are not known to be the same"
    if a.task != b.task or a.predictions.shape != b.predictions.shape:
        return "the validation rows, or the tasks, differ"
    if not np.array_equal(a.y, b.y):
        return "the validation rows differ"
    return None


def _differences(run_id: str, first: Answers, other: Answers) -> list[Difference]:
    from trainer.report.bootstrap import intervals
    from trainer.report.page import one_thread

    predictions = {"first": first.predictions, "other": other.predictions}
    with one_thread():
        _, found = intervals(first.task, first.y, predictions, "first")
    # `intervals` gives the first's figure minus the other's; told here is the other way round.
    return [
        Difference(run_id, figure, -gap.value, -gap.high, -gap.low)
        for figure, gap in found["other"].items()
    ]


def _aligned(each: Sequence[dict[str, Any]]) -> Values:
    names = sorted({name for values in each for name in values})
    return {name: [values.get(name) for values in each] for name in names}


def _differing(each: Sequence[dict[str, Any]]) -> Values:
    found = _aligned(each).items()
    return {name: v for name, v in found if any(value != v[0] for value in v)}

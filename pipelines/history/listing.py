"""Runs as rows of a list: what is shown of each, by what they are chosen and in what order."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.record import Record
from trainer.errors import InputError
from trainer.tasks.kinds import TASK_KINDS
from trainer.tasks.metrics import METRICS

SHOWN = ("run", "name", "state", "started", "place", "target", "model", "seconds")


@dataclass(frozen=True)
class Row:
    """One run.

    Attributes:
        record: of the run.
        values: by name, all by which runs are chosen and ordered: those of SHOWN, and each
            parameter and metric. A metric of the validation rows has its name without the prefix
            too.
    """

    record: Record
    values: dict[str, Any]

    @property
    def chief(self) -> tuple[str, float] | None:
        """The metric that the run is judged by, and its value; None before it has one."""
        schema = self.record.arguments.get("schema")
        kind = TASK_KINDS.get(schema.get("task", "")) if isinstance(schema, dict) else None
        value = self.record.metrics.get(f"validation_{kind.primary_metric}") if kind else None
        return (kind.primary_metric, float(value)) if kind and value is not None else None


def row_of(record: Record) -> Row:
    """The row of a run."""
    arguments = {k: v for k, v in record.arguments.items() if not isinstance(v, dict | list)}
    plain = {
        name.removeprefix("validation_"): value
        for name, value in record.metrics.items()
        if name.startswith("validation_")
    }
    shown = {
        "run": record.run_id,
        "name": record.name,
        "state": record.state,
        "started": record.started,
        "place": record.place,
        "target": record.target,
        "model": record.arguments.get("model", "") if record.target else "",
        "seconds": record.seconds,
    }
    return Row(record, {**arguments, **plain, **record.metrics, **shown})


def chosen(rows: Sequence[Row], filters: Iterable[str]) -> list[Row]:
    """The rows that have every `KEY=VALUE`; letter case does not matter.

    Raises:
        InputError: a filter is malformed, or no run has such a key.
    """
    kept = list(rows)
    for each in filters:
        key, separator, wanted = each.partition("=")
        if not separator:
            raise InputError(f"--filter must be KEY=VALUE, got {each}")
        name = _known(key, rows, "--filter")
        kept = [row for row in kept if _matches(row.values.get(name), wanted)]
    return kept


def ordered(rows: Sequence[Row], key: str) -> list[Row]:
    """The rows by a value: the best metric first, the newest run first, everything else upwards;
    those without the value last.

    Raises:
        InputError: no run has such a key.
    """
    name = _known(key, rows, "--sort")
    metric = METRICS.get(name.removeprefix("validation_").removeprefix("test_"))
    downwards = metric.higher_is_better if metric else name in ("started", "run")
    have = [row for row in rows if row.values.get(name) not in (None, "")]
    numbers = all(isinstance(row.values[name], int | float) for row in have)
    have.sort(
        key=lambda row: row.values[name] if numbers else str(row.values[name]), reverse=downwards
    )
    return have + [row for row in rows if row.values.get(name) in (None, "")]


def _known(key: str, rows: Sequence[Row], option: str) -> str:
    """The name of a value; `seconds` is also called duration."""
    names: Collection[str] = {name for row in rows for name in row.values} | set(SHOWN)
    name = {"duration": "seconds", "id": "run"}.get(key, key.replace("-", "_"))
    if name in names:
        return name
    near = difflib.get_close_matches(name, sorted(names), n=1)
    cure = f"did you mean {near[0]}?" if near else f"as {', '.join(SHOWN)}, validation_auc, epochs"
    raise InputError(f"{option} must name a value of a run, got {key}; {cure}")


def _matches(value: Any, wanted: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return bool(value == float(wanted))
        except ValueError:
            return False
    return str("" if value is None else value).casefold() == wanted.casefold()

"""What is in a table, column by column: for a look before one trusts the model.

    {"rows": 712, "sampled": 712, "columns": {"Age": {"type": "number", "missing": 139, ...}}}

| key                 | of      | is                                                           |
|---------------------|---------|--------------------------------------------------------------|
| missing             | both    | how many rows have no value                                  |
| unique              | both    | how many different values there are                          |
| top                 | both    | the most frequent values, each with its number of rows       |
| min, max            | both    | of texts, the first and the last in sorted order             |
| mean                | numbers |                                                              |
| quantiles           | numbers | by share: 5, 25, 50, 75 and 95 %                             |
| histogram           | numbers | rows in each of equal steps from min to max                  |

`features.alerts` adds what to look at, and `preprocessing` what the table is called.

Beyond 20,000 rows, `unique` and `top` of numbers, quantiles and histogram are of `sampled` rows,
evenly spaced through the table; everything else is of all rows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.parallel import threaded_map
from vertex_tabular.tables.table import BLOCK_ROWS, Table, category_counts, concatenate
from vertex_tabular.tables.totals import Totals

SAMPLE = 20_000
TOP = 5
BINS = 20
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def profile_of(table: Table) -> dict[str, Any]:
    """The profile of a table, ready for JSON."""
    step = -(-table.rows // SAMPLE)

    def profile_of_column(name: str) -> dict[str, Any]:
        if name in table.texts:
            return profile_of_texts(*category_counts(table.texts[name]))
        column, totals = table.numbers[name], Totals()
        for i in range(0, table.rows, BLOCK_ROWS):
            totals.add(column[i : i + BLOCK_ROWS])
        return profile_of_numbers(column[::step], totals)

    names = [*table.numbers, *table.texts]
    columns = dict(zip(names, threaded_map(profile_of_column, names), strict=True))
    return {"rows": table.rows, "sampled": -(-table.rows // step), "columns": columns}


def sample_of(table: Table | DiskTable) -> Table:
    """The rows that a profile samples, at most 20,000."""
    step = -(-table.rows // SAMPLE)
    if isinstance(table, Table):
        return table.take(np.arange(0, table.rows, step))
    blocks = zip(table.starts, table.blocks(), strict=True)
    return concatenate([b.take(np.arange(-start % step, b.rows, step)) for start, b in blocks])


def profile_of_disk_table(table: DiskTable) -> dict[str, Any]:
    """As `profile_of`, of a table on disk."""
    step = -(-table.rows // SAMPLE)
    columns = {}
    for name, totals in table.totals.items():
        samples = [
            table.column(name).block(i)[-start % step :: step].copy()  # a view keeps the block
            for i, start in enumerate(table.starts)
        ]
        columns[name] = profile_of_numbers(np.concatenate(samples), totals)
    for name, (count_of, missing) in table.counts().items():
        columns[name] = profile_of_texts(count_of, missing)
    return {"rows": table.rows, "sampled": -(-table.rows // step), "columns": columns}


def profile_of_numbers(sample: npt.NDArray[Any], totals: Totals) -> dict[str, Any]:
    """The profile of a column of numbers, of which `sample` are some; NaN is missing."""
    sample = sample.astype(np.float64)
    sample = sample[~np.isnan(sample)]
    result: dict[str, Any] = {"type": "number", "missing": totals.missing}
    if not len(sample):
        return result
    values, counts = np.unique(sample, return_counts=True)
    return {
        **result,
        "unique": len(values),
        "top": _top(values.tolist(), counts),
        "min": totals.low,
        "max": totals.high,
        "mean": totals.mean,
        "quantiles": {f"{share:.0%}": float(np.quantile(sample, share)) for share in SHARES},
        "histogram": _histogram(sample, totals.low, totals.high).tolist(),
    }


def _histogram(
    sample: npt.NDArray[np.float64], low: float, high: float
) -> npt.NDArray[np.integer[Any]]:
    """Rows in each of `BINS` equal steps; numpy's own refuses steps below its precision."""
    steps = np.full(len(sample), BINS / 2)  # as numpy's, of a constant
    if low < high:
        steps = (sample - low) / (high - low) * BINS
    return np.bincount(np.minimum(steps, BINS - 1).astype(np.intp), minlength=BINS)


def profile_of_texts(count_of: Mapping[str, int], missing: int) -> dict[str, Any]:
    """The profile of a column of text, of which each category occurs so often."""
    present = {category: count for category, count in count_of.items() if count}
    result: dict[str, Any] = {"type": "text", "missing": missing, "unique": len(present)}
    if present:
        result |= {"min": min(present), "max": max(present)}
    counts = np.array(list(present.values()), np.int64)
    return {**result, "top": _top(list(present), counts)}


def _top(values: list[Any], counts: npt.NDArray[np.integer[Any]]) -> list[list[Any]]:
    frequent = np.argsort(-counts, kind="stable")[:TOP]
    return [[values[i], int(counts[i])] for i in frequent]

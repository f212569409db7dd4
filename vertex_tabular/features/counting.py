"""How many rows of a table have a category unseen in training, or are in each bin of a feature."""

from collections.abc import Mapping

import numpy as np

from trainer.errors import InputError
from vertex_tabular.features import bins
from vertex_tabular.features.encoding import date_parts, shown_categories
from vertex_tabular.features.spec import Feature, Spec
from vertex_tabular.tables.disk_table import BlockMasks, DiskTable
from vertex_tabular.tables.table import BLOCK_ROWS, Indices, Table, take

MIN_ROWS = 10  # of a table whose columns may not be all new


def unseen(spec: Spec, table: Table, rows: Indices | None = None) -> dict[str, int]:
    """By categorical column, how many of `rows`, or of all, have a category that the spec lacks; no
    zeros."""
    counts = {}
    for feature in spec.columns:
        if feature.kind == "categorical":
            texts = table.texts[feature.name]
            known = set(feature.categories)
            new = np.array([*(category not in known for category in texts.categories), False])
            if not new.any():
                continue
            codes = texts.codes if rows is None else take(texts.codes, rows)
            if count := int(np.count_nonzero(new[codes])):
                counts[feature.name] = count
    return counts


def check_seen(
    spec: Spec, counts: Mapping[str, int], missing: Mapping[str, int], rows: int
) -> None:
    """Raises InputError if of more than a few rows every value of a column is unseen in training;
    not of one in which training had rare categories without a code of their own.

    Args:
        counts: what `unseen` found.
        missing: by column, how many rows have no value.
    """
    rare = {feature.name for feature in spec.columns if feature.min_frequency}
    for name, count in counts.items():
        if rows >= MIN_ROWS and count == rows - missing.get(name, 0) and name not in rare:
            raise InputError(
                f"{name} must have categories of the training rows, got none in {count} rows; "
                "see that its values are written as they were in training"
            )


def unseen_on_disk(
    spec: Spec, table: DiskTable, chosen: BlockMasks | None = None
) -> dict[str, int]:
    """As `unseen`, of a table on disk."""
    known = {c.name: set(c.categories) for c in spec.columns if c.kind == "categorical"}
    counts = {
        name: sum(count for text, count in count_of.items() if text not in known[name])
        for name, (count_of, _) in table.counts(known, chosen).items()
    }
    return {name: count for name, count in counts.items() if count}


def rows_in_bins(feature: Feature, table: Table) -> list[bins.Counts]:
    """How many rows of the table are in each of the feature's bins."""
    if not feature.bins:
        return []
    if feature.kind == "numeric":
        numbers = table.numbers[feature.name]
        blocks = [numbers[i : i + BLOCK_ROWS] for i in range(0, table.rows, BLOCK_ROWS)]
        return [each.count_blocks(blocks) for each in feature.bins]
    texts = table.texts[feature.name]
    rows = texts.counts
    if feature.kind == "datetime":
        parts = date_parts(texts, feature).T
        pairs = zip(feature.bins, parts, strict=True)
        return [each.count_numbers(numbers, rows) for each, numbers in pairs]
    categories = shown_categories(texts, feature)
    return [each.count_categories(categories, rows[:-1], int(rows[-1])) for each in feature.bins]

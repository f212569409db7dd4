"""The columns of a table that a model reads, and what is wrong with one of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from vertex_tabular.features.spec import Spec
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.tables import diagnosis
from vertex_tabular.tables.table import Table


@dataclass(frozen=True)
class Inputs(Schema):
    """The columns that a model reads; the target is one of them only where it is `labelled`."""

    cure_of_no_target: ClassVar[str] = "leave such rows out"

    labelled: bool = False

    @cached_property
    def read(self) -> tuple[Column, ...]:
        return super().read if self.labelled else self.columns

    @cached_property
    def complete(self) -> frozenset[str]:
        return frozenset({self.target} if self.labelled else ())


def inputs_of(spec: Spec, labelled: bool = False) -> Inputs:
    """What is read of a table. The spec has no `values`, `min` and `max`: a category that
    was not allowed in training is unseen here, and counted."""
    columns = tuple(Column(feature.name, feature.kind) for feature in spec.columns)
    task = "regression" if spec.classes is None else spec.task
    return Inputs(spec.target, task, columns, labelled=labelled)


def broken_column(table: Table, column: Column) -> str | None:
    """What is wrong with a column that could be read."""
    if column.name in table.numbers:
        numbers = table.numbers[column.name]
        if numbers.dtype.kind == "f" and np.isinf(numbers).any():
            return f"{column.name} must be finite, got {numbers[np.isinf(numbers)][0]}"
        return None
    for level in table.texts[column.name].categories:
        if rule := diagnosis.broken_rule(level, column):
            return f"{column.name} must be {rule}, got {level!r}"
    return None

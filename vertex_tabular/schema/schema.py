"""The feature schema: which columns are read, of which kind each is, and which one is predicted.

It is written as YAML, travels as a plain dict, and is checked before any data is read:

    target: Survived
    task: binary                    # or multiclass, regression
    columns:                        # in the order of the model's inputs
      - {name: Age, kind: numeric, impute: mean, min: 0, max: 120}
      - {name: Sex, kind: categorical, values: [female, male]}
      - {name: Port, kind: categorical, encoding: onehot, min_frequency: 10, impute: unknown}
      - {name: Alone, kind: boolean}
      - {name: Boarded, kind: datetime, parts: [month, weekday]}
      - {name: Ticket, kind: drop}  # says that it is left out on purpose
    split: random                   # or stratified, {group: COLUMN}, {time: COLUMN}
    missing_target: refuse          # or drop, which leaves out the rows that have no target

| key           | of kind              | what it sets                                             |
|---------------|----------------------|----------------------------------------------------------|
| impute        | numeric              | median (default), mean, or the number to impute          |
| impute        | categorical, boolean | the text to impute; the most frequent, if not given      |
| impute        | datetime             | the date to impute; the median, if not given             |
| encoding      | categorical          | ordinal (default), the place in sorted order; or onehot  |
| min_frequency | categorical          | categories of fewer training rows share one code         |
| values        | categorical          | the only categories allowed                              |
| min, max      | numeric              | the smallest and the largest number allowed              |
| parts         | datetime             | year, month, day, weekday (0: Monday), hour; default: no |
|               |                      | hour                                                     |

A category unseen in training has the next code if ordinal; if onehot, zeros, or the column of the
rare categories. A column becomes one column of X for each category (onehot) or part. The limits are
100,000 categories if ordinal, 1,000 if onehot, and 10,000 classes.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

PARTS = ("year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class Column:
    """One column of the table; its fields are the keys described above."""

    name: str
    kind: str
    impute: str | float | None = None
    encoding: str = "ordinal"
    min_frequency: int = 0
    values: tuple[str, ...] = ()
    min: float = float("-inf")
    max: float = float("inf")
    parts: tuple[str, ...] = PARTS[:4]


@dataclass(frozen=True)
class Schema:
    """The columns that become features, in the order of the features, and the target."""

    cure_of_no_target: ClassVar[str] = "with `missing_target: drop` such rows are left out"

    target: str
    task: str
    columns: tuple[Column, ...]
    split: str = "random"
    split_column: str | None = None
    missing_target: str = "refuse"

    @cached_property
    def read(self) -> tuple[Column, ...]:
        """Every column that is read: the features', the one that the split needs, the target."""
        columns = list(self.columns)
        if self.split_column and self.split_column not in [column.name for column in columns]:
            kind = "datetime" if self.split == "time" else "categorical"
            columns.append(Column(self.split_column, kind))
        columns.append(Column(self.target, "categorical" if self.classifies else "numeric"))
        return tuple(columns)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(column.name for column in self.read)

    @cached_property
    def numeric(self) -> frozenset[str]:
        """The columns that are read as numbers; the others that are read are text."""
        return frozenset(column.name for column in self.read if column.kind == "numeric")

    @cached_property
    def complete(self) -> frozenset[str]:
        """The columns in which nothing may be missing."""
        columns = {self.split_column} if self.split_column else set()
        return frozenset(columns if self.drops else {*columns, self.target})

    @property
    def drops(self) -> bool:
        """Whether rows without a target are left out, rather than refused."""
        return self.missing_target == "drop"

    @property
    def classifies(self) -> bool:
        """Whether the target is one of several classes, rather than a number."""
        return self.task != "regression"

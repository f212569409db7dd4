"""The feature schema: which columns are read, of which kind each is, and which one is predicted.

It is written as YAML, travels as a plain dict, and is checked before any data is read:

    target: Survived                # or {name: Survived, missing: [""]}, as of a column
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
| order         | datetime             | year-month-day (default), day-month-year or              |
|               |                      | month-day-year, of dates such as 01/02/2026              |
| missing       | categorical, target  | the texts that mean no value, in place of the usual ones |
| indicator     | all                  | true adds a column of X: 1 where the value is missing    |

Missing is what pandas takes for it (empty, NA, NaN, None, null, ...), and where texts are no
categories, blanks too; `missing: [""]` makes values of the words. Categories that are the same
whole number, as 1 and 1.0, are one; the target's classes are texts as they are written. A date may
be 2026-11-23, 2026/11/23 or 20261123, with a time after a blank or T; with a zone, it is in UTC.

A category unseen in training has the next code if ordinal; if onehot, zeros, or the column of the
rare categories. A column becomes one column of X for each category (onehot) or part. The limits are
100,000 categories if ordinal, 1,000 if onehot, and 10,000 classes.
"""

import json
from dataclasses import dataclass
from functools import cached_property

from vertex_tabular.schema.dates import ISO, iso_date
from vertex_tabular.schema.values import BLANKS, MISSING, is_missing, plain_number

PARTS = ("year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class Column:
    """One column of the table; its fields are the keys described above. The kind of a classifier's
    target is class."""

    name: str
    kind: str
    impute: str | float | None = None
    encoding: str = "ordinal"
    min_frequency: int = 0
    values: tuple[str, ...] = ()
    min: float = float("-inf")
    max: float = float("inf")
    parts: tuple[str, ...] = PARTS[:4]
    order: str = ISO
    missing: frozenset[str] = MISSING
    indicator: bool = False

    def is_missing(self, text: str) -> bool:
        """Whether a text of this column stands for no value."""
        if self.kind in ("categorical", "class"):
            return text in self.missing
        return is_missing(text, numeric=self.kind == "numeric") or not text.strip(BLANKS)

    def kept(self, text: str) -> str:
        """The text as which a value of this column is kept: equal for the same date, or number."""
        if self.kind == "categorical":
            return plain_number(text) if "." in text else text
        return iso_date(text, self.order) if self.kind == "datetime" else text


@dataclass(frozen=True)
class Schema:
    """The columns that become features, in the order of the features, and the target."""

    target: str
    task: str
    columns: tuple[Column, ...]
    split: str = "random"
    split_column: str | None = None
    missing_target: str = "refuse"
    missing: frozenset[str] = MISSING  # of the target

    @cached_property
    def read(self) -> tuple[Column, ...]:
        """Every column that is read: the features', the one that the split needs, the target."""
        columns = list(self.columns)
        if self.split_column and self.split_column not in [column.name for column in columns]:
            kind = "datetime" if self.split == "time" else "categorical"
            columns.append(Column(self.split_column, kind))
        kind = "class" if self.classifies else "numeric"
        return (*columns, Column(self.target, kind, missing=self.missing))

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

    def cure_of_no_target(self, text: str) -> str:
        """What to do about a row whose target is missing, where it has this text."""
        cure = "with `missing_target: drop` such rows are left out"
        if self.classifies and text:
            target = (
                f'target: {{name: {json.dumps(self.target, ensure_ascii=False)}, missing: [""]}}'
            )
            cure += f", and with `{target}` {text} is a class"
        return cure

    @property
    def drops(self) -> bool:
        """Whether rows without a target are left out, rather than refused."""
        return self.missing_target == "drop"

    @property
    def classifies(self) -> bool:
        """Whether the target is one of several classes, rather than a number."""
        return self.task != "regression"

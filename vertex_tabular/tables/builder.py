"""A table that grows in place, block by block, so that memory holds each row once.

Blocks that are kept and joined at the end would be held twice, and memory that is new to the
process costs a long table much of its time.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.tables.records import TableReadError
from vertex_tabular.tables.table import Categorical, Table, recode

MAX_ROOM = 1 << 20  # rows


class GrowingArray:
    """Numbers or codes that are added in blocks, in the smallest type that holds each block's."""

    def __init__(self) -> None:
        self._values: npt.NDArray[Any] = np.empty(0, np.int8)
        self._rows = 0

    def append(self, block: npt.NDArray[Any]) -> None:
        """Adds values at the end."""
        end = self._rows + len(block)
        dtype = np.promote_types(self._values.dtype, block.dtype)
        if dtype != self._values.dtype:
            self._values = self._values.astype(dtype)
        if end > len(self._values):
            # The C library moves a large array's pages, and not its bytes.
            self._values.resize(end + min(end, MAX_ROOM), refcheck=False)
        self._values[self._rows : end] = block
        self._rows = end

    def values(self) -> npt.NDArray[Any]:
        """All of them."""
        self._values.resize(self._rows, refcheck=False)
        return self._values


class TableBuilder:
    """The columns of a table, by name.

    Attributes:
        rows: that were added.
        known: of each column of text, the codes of its categories.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._ends: list[int] = []
        self._numbers: dict[str, GrowingArray] = {}
        self._codes: dict[str, GrowingArray] = {}
        self.known: dict[str, dict[str, int]] = {}

    def append(self, block: Table) -> None:
        """Adds the rows of a small table, with its own categories."""
        self.rows += block.rows
        self._ends.append(self.rows)
        for name, numbers in block.numbers.items():
            self._numbers.setdefault(name, GrowingArray()).append(numbers)
        for name, texts in block.texts.items():
            codes = recode(texts, self.known.setdefault(name, {}))
            self._codes.setdefault(name, GrowingArray()).append(codes)

    def table(self) -> Table:
        """All rows; nothing can be added any more.

        Raises:
            TableReadError: there are none.
        """
        if not self.rows:
            raise TableReadError("there are no rows")
        return Table(
            self.rows,
            {name: column.values() for name, column in self._numbers.items()},
            {
                name: Categorical(c.values(), list(self.known[name]))
                for name, c in self._codes.items()
            },
        )

    def blocks(self) -> Iterator[Table]:
        """The blocks that were added, as views of `table`, so that what is computed block by block
        does not depend on when that was asked for."""
        table = self.table()
        for start, end in zip([0, *self._ends], self._ends, strict=False):
            yield Table(
                end - start,
                {name: column[start:end] for name, column in table.numbers.items()},
                {
                    name: Categorical(t.codes[start:end], t.categories)
                    for name, t in table.texts.items()
                },
            )

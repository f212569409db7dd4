"""A table that is too long for memory: its compact columns in temporary files, block by block.

The files have no name, so that nothing is left of them however the process ends; they are where
the environment variable TMPDIR says (in a run of the pipeline, in the run's directory), and take
some 20 bytes a row of the Titanic's.
"""

import os
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.errors import TabularError
from vertex_tabular.tables.builder import TableBuilder
from vertex_tabular.tables.table import Categorical, Mask, Numbers, Table, recode
from vertex_tabular.tables.totals import Totals

# For the number of a block, which of its rows are chosen.
BlockMasks = Callable[[int], Mask]


class DiskArray:
    """Blocks of numbers or codes on disk; several threads may read them."""

    def __init__(self) -> None:
        import tempfile  # its import takes 8 ms, which a short table need not pay

        self._directory = tempfile.gettempdir()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._blocks: list[tuple[int, int, np.dtype[Any]]] = []
        self._end = 0

    def append(self, values: npt.NDArray[Any]) -> None:
        """Adds a block.

        Raises:
            TabularError: the disk is full.
        """
        data = np.ascontiguousarray(values).data.cast("B")
        self._blocks.append((self._end, len(data), values.dtype))
        try:
            while data:
                written = os.pwrite(self._file.fileno(), data, self._end)
                self._end += written
                data = data[written:]
        except OSError as error:
            raise TabularError(
                f"a temporary file in {self._directory} cannot be written: {error.strerror}"
            ) from error

    def block(self, number: int) -> npt.NDArray[Any]:
        """The block that was added as this one."""
        start, size, dtype = self._blocks[number]
        return np.frombuffer(os.pread(self._file.fileno(), size, start), dtype)


class DiskTable:
    """The columns of one table, by name, in blocks of consecutive rows.

    Attributes:
        rows: of the whole table.
        starts: for each block the number of its first row.
        categories: of each column of text, all that occur.
        totals: of each column of numbers.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.starts: list[int] = []
        self.totals: dict[str, Totals] = {}
        self._known: dict[str, dict[str, int]] = {}
        self._columns: dict[str, DiskArray] = {}

    @classmethod
    def of(cls, builder: TableBuilder) -> "DiskTable":
        """The rows of a table that turned out to be a long one."""
        table = cls()
        table._known = builder.known
        for block in builder.blocks():
            table._add(block.rows, block.numbers, {k: t.codes for k, t in block.texts.items()})
        return table

    def append(self, table: Table) -> None:
        """Adds the rows of a small table, with its own categories."""
        codes = {k: recode(t, self._known.setdefault(k, {})) for k, t in table.texts.items()}
        self._add(table.rows, table.numbers, codes)

    def _add(self, rows: int, numbers: dict[str, Numbers], codes: dict[str, Numbers]) -> None:
        if not rows:
            return
        self.starts.append(self.rows)
        self.rows += rows
        for name, values in numbers.items():
            self.totals.setdefault(name, Totals()).add(values)
        for name, values in {**numbers, **codes}.items():
            self._columns.setdefault(name, DiskArray()).append(values)

    @property
    def categories(self) -> dict[str, list[str]]:
        return {name: list(known) for name, known in self._known.items()}

    def column(self, name: str) -> DiskArray:
        return self._columns[name]

    def counts(
        self, names: Collection[str] | None = None, chosen: BlockMasks | None = None
    ) -> dict[str, tuple[dict[str, int], int]]:
        """For each column of text, or those of `names`, how often each category occurs, and how
        often none does, in the chosen rows, or in all."""
        categories = {k: v for k, v in self.categories.items() if names is None or k in names}
        totals = {name: np.zeros(len(categories[name]) + 1, np.int64) for name in categories}
        for i in range(len(self.starts)):
            mine = None if chosen is None else chosen(i)
            for name, total in totals.items():
                codes = self._columns[name].block(i)
                codes = codes if mine is None else codes[mine]
                total += Categorical(codes, categories[name]).counts
        return {
            name: (dict(zip(categories[name], total[:-1].tolist(), strict=True)), int(total[-1]))
            for name, total in totals.items()
        }

    def blocks(self, names: Collection[str] | None = None) -> Iterator[Table]:
        """The rows as small tables, each with the whole table's categories."""
        categories = self.categories
        for number, (start, end) in enumerate(
            zip(self.starts, [*self.starts[1:], self.rows], strict=True)
        ):
            chosen = {
                name: column.block(number)
                for name, column in self._columns.items()
                if names is None or name in names
            }
            yield Table(
                end - start,
                {name: values for name, values in chosen.items() if name not in categories},
                {
                    name: Categorical(v, categories[name])
                    for name, v in chosen.items()
                    if name in categories
                },
            )

    def outline(self) -> Table:
        """A table of a few rows with the extremes, categories and gaps of the whole: what
        `diagnosis.is_doubtful` looks at. Its columns differ in length."""
        numbers = {
            name: np.array(
                [totals.low, totals.high] * (totals.missing < totals.rows)
                + [np.nan] * (totals.missing > 0)
            )
            for name, totals in self.totals.items()
        }
        texts = {
            name: Categorical(np.array([-1] * (missing > 0), np.int64), list(count_of))
            for name, (count_of, missing) in self.counts().items()
        }
        return Table(0, numbers, texts)

"""Files that predictions are written to, block by block: CSV and Parquet."""

import csv
import io
from typing import Any, BinaryIO

from trainer.errors import InputError, TabularError
from trainer.reading import reading

BATCH_ROWS = 4096


class CsvPredictions:
    """Writes tables as one CSV; what needs quotes has them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._begun = file, False

    def encode(self, table: Any) -> tuple[list[str], bytes]:
        """The names of the columns, and the rows; from any thread."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        def rows(quoting: str) -> bytes:
            buffer = io.BytesIO()
            options = arrow.WriteOptions(
                include_header=False, batch_size=BATCH_ROWS, quoting_style=quoting
            )
            arrow.write_csv(table, buffer, options)
            return buffer.getvalue()

        try:
            return table.column_names, rows("none")
        except pa.ArrowInvalid:  # a text has a comma, a quote or a line break
            with reading("a key", "UTF-8 in a CSV", "write .parquet", InputError):
                return table.column_names, rows("needed")

    def write(self, encoded: tuple[list[str], bytes]) -> None:
        names, rows = encoded
        if not self._begun:
            header = io.StringIO()
            csv.writer(header, lineterminator="\n").writerow(names)
            self._file.write(header.getvalue().encode())
            self._begun = True
        self._file.write(rows)

    def close(self) -> None:
        """There is nothing left to write."""


class ParquetPredictions:
    """Writes tables as one Parquet file, each as a row group."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: Any = None

    def encode(self, table: Any) -> Any:
        return table

    def write(self, table: Any) -> None:
        """
        Raises:
            TabularError: the columns' types are not those of the tables before.
        """
        from pyarrow import parquet

        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, table.schema)
        if not table.schema.equals(self._writer.schema):
            raise InputError(
                "keys must have the same types in all files of a table, got "
                f"{table.schema.to_string()!r}; write a .csv instead"
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is None:
            raise TabularError("a Parquet file must have rows, got none")
        self._writer.close()


# By the suffix of the file.
FORMATS: dict[str, type[CsvPredictions] | type[ParquetPredictions]] = {
    ".csv": CsvPredictions,
    ".parquet": ParquetPredictions,
}

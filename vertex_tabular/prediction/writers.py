"""Files that predictions are written to, block by block: CSV and Parquet."""

import csv
import io
from typing import Any, BinaryIO

from trainer.errors import InputError, TabularError
from trainer.reading import reading

BATCH_ROWS = 4096


# What a spreadsheet takes for the beginning of a formula
# (https://owasp.org/www-community/attacks/CSV_Injection), and a number, which it does not.
FORMULA = r"\A[=+\-@\t\r\n]"
NUMBER = r"\A[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\z"


class CsvPredictions:
    """Writes tables as one CSV; what needs quotes has them.

    With `safe_for_spreadsheets`, a text or name that a spreadsheet would take for a formula gets
    an apostrophe in front.
    """

    def __init__(self, file: BinaryIO, safe_for_spreadsheets: bool = False) -> None:
        self._file, self._begun = file, False
        self._safe = safe_for_spreadsheets

    def encode(self, table: Any) -> tuple[list[str], bytes]:
        """The names of the columns, and the rows; from any thread."""
        import pyarrow as pa

        if self._safe:
            columns = [_without_formulas(column) for column in table.columns]
            names = _without_formulas(pa.array(table.column_names)).to_pylist()
            table = pa.table(columns, names=names)
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
            # Before Python 3.13 it quotes no carriage return, at which a reader ends the row.
            if "\r" in "".join(names):
                csv.writer(header, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(names)
            else:
                csv.writer(header, lineterminator="\n").writerow(names)
            self._file.write(header.getvalue().encode())
            self._begun = True
        self._file.write(rows)

    def close(self) -> None:
        """There is nothing left to write."""


def _without_formulas(column: Any) -> Any:
    """An Arrow column, of texts with an apostrophe before each that is a formula."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = column.cast(pa.large_string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    number = compute.match_substring_regex(column, NUMBER)
    formula = compute.and_not(compute.match_substring_regex(column, FORMULA), number)
    quoted = compute.binary_join_element_wise(
        pa.scalar("'", column.type), column, pa.scalar("", column.type)
    )
    return compute.if_else(formula, quoted, column)


class ParquetPredictions:
    """Writes tables as one Parquet file, each as a row group, which no spreadsheet evaluates."""

    def __init__(self, file: BinaryIO, safe_for_spreadsheets: bool = False) -> None:
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

"""Columns of a table that are carried over as they are, beside those that a model reads."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vertex_tabular.tables import sources
from vertex_tabular.tables.records import TableReadError, header_of, whole_records


class KeyColumns:
    """The key columns of one file, so many rows at a time, exactly as they are in it.

    They are read apart from the rest, which takes texts such as NA for missing.
    """

    def __init__(self, part: Path, keys: Sequence[str]) -> None:
        self._batches = _key_batches(part, list(keys))
        self._waiting: Any = None

    def take(self, rows: int) -> Any:
        """The next rows, an Arrow table.

        Raises:
            TableReadError: there are not so many, or they cannot be read.
        """
        import pyarrow as pa

        try:
            while self._waiting is None or self._waiting.num_rows < rows:
                more = pa.Table.from_batches([next(self._batches)])
                tables = [more] if self._waiting is None else [self._waiting, more]
                self._waiting = pa.concat_tables(tables)
        except StopIteration:
            raise TableReadError("the keys have fewer rows than the table") from None
        except sources.reading_errors() as error:
            raise TableReadError(str(error)) from error
        taken, self._waiting = self._waiting.slice(0, rows), self._waiting.slice(rows)
        return taken


def _key_batches(part: Path, keys: list[str]) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv as arrow
    from pyarrow import parquet

    if sources.is_parquet(part):
        with parquet.ParquetFile(part) as file:
            _check(keys, file.schema_arrow.names)
            for batch in file.iter_batches(columns=keys):
                yield batch.select(keys)
        return
    delimiter = sources.delimiter_of(part)
    with sources.open_text(part) as text:
        _check(keys, header_of(next(whole_records(text, delimiter), b""), delimiter))
    options = arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = arrow.ConvertOptions(
        include_columns=keys, column_types=dict.fromkeys(keys, pa.string())
    )
    with sources.open_text(part) as text:
        yield from arrow.open_csv(text, parse_options=options, convert_options=convert)


def _check(keys: Sequence[str], names: Sequence[str]) -> None:
    if wrong := [key for key in keys if names.count(key) != 1]:
        raise TableReadError(f"there is no, or more than one, {', '.join(wrong)}")

"""Parquet, whatever codec its pages are compressed with."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

from vertex_tabular.tables.formats.arrow import ArrowFile, ArrowFormat


class Parquet(ArrowFormat):
    """https://parquet.apache.org/docs/file-format"""

    name = "Parquet"
    suffixes = (".parquet",)
    magic = b"PAR1"

    def recognises(self, head: bytes) -> bool:
        # The first page's header follows: a CSV may have a column PAR1.
        return head.startswith(self.magic + b"\x15")

    def open(self, part: Path) -> AbstractContextManager[ArrowFile]:
        from pyarrow import parquet

        return cast(AbstractContextManager[ArrowFile], parquet.ParquetFile(part))


PARQUET = Parquet()

"""Where a table comes from: one file, or the parts that a pattern or a directory names.

| suffix           | is read as                                        |
|------------------|---------------------------------------------------|
| .tsv             | fields separated by tabs                          |
| .parquet         | Parquet                                           |
| anything else    | CSV: fields separated by commas                   |
| .gz after either | compressed with gzip (not Parquet, which is so itself) |
"""

import glob
from pathlib import Path
from typing import BinaryIO, cast

from trainer import contract
from trainer.errors import InputError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def parts_of(uri: str) -> list[Path]:
    """The files of a table, sorted by name, where `uri` is a file, a pattern or a directory.

    Raises:
        InputError: there are none.
    """
    path = contract.local_path(uri)
    if path.is_dir():
        parts = [part for part in path.iterdir() if part.name.endswith(SUFFIXES)]
        if not parts:
            raise InputError(
                f"a directory must hold files of {', '.join(SUFFIXES)}, however: {uri} has none"
            )
    elif not path.exists() and glob.has_magic(str(path)):
        parts = [Path(part) for part in glob.glob(str(path), recursive=True)]
        if not parts:
            raise InputError(f"a pattern must match files, however: {uri} matches none")
    else:
        return [contract.input_file(uri)]
    return sorted(part for part in parts if part.is_file())


def is_parquet(part: Path) -> bool:
    return part.name.endswith(".parquet")


def delimiter_of(part: Path) -> str:
    """What separates the fields of a text file."""
    return "\t" if part.name.endswith((".tsv", ".tsv.gz")) else ","


def open_text(part: Path) -> BinaryIO:
    """Opens a text file for reading its bytes, decompressed where it is compressed."""
    if not part.name.endswith(".gz"):
        return open(part, "rb")
    from isal import igzip

    return cast(BinaryIO, igzip.IGzipFile(part, "rb"))  # type: ignore[no-untyped-call]


def reading_errors() -> tuple[type[Exception], ...]:
    """What reading raises where a file is damaged or cut short."""
    from isal import isal_zlib

    return (OSError, EOFError, cast(type[Exception], isal_zlib.error))

"""Where a table comes from: one file, or the parts that a pattern or a directory names.

| suffix               | is read as                                               |
|----------------------|----------------------------------------------------------|
| .tsv                 | fields separated by tabs                                 |
| .parquet             | Parquet                                                  |
| anything else        | CSV: fields separated by commas                          |
| .gz after .csv, .tsv | the same, compressed with gzip                           |
"""

import glob
from pathlib import Path

from trainer.errors import InputError
from trainer.uri import input_file, local_path
from vertex_tabular.tables.formats import SUFFIXES


def parts_of(uri: str) -> list[Path]:
    """The files of a table, sorted by name, where `uri` is a file, a pattern or a directory.

    Raises:
        InputError: there are none, or they cannot be listed.
    """
    path = local_path(uri)
    try:
        if path.is_dir():
            rule = f"a directory must hold files of {', '.join(SUFFIXES)}"
            found = [part for part in path.iterdir() if part.name.lower().endswith(SUFFIXES)]
        elif not path.exists() and glob.has_magic(str(path)):
            rule = "a pattern must match files"
            found = [Path(part) for part in glob.glob(str(path), recursive=True)]
        else:
            return [input_file(uri)]
        parts = sorted(part for part in found if part.is_file())
    except OSError as error:
        raise InputError(f"an input must be a file, got {uri}: {error.strerror}") from None
    if not parts:
        raise InputError(f"{rule}, got none in {uri}")
    return parts

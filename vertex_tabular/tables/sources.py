"""Where a table comes from: one file, or the parts that a pattern or a directory names.

| suffix               | is read as                                               |
|----------------------|----------------------------------------------------------|
| .tsv                 | fields separated by tabs                                 |
| .parquet             | Parquet                                                  |
| anything else        | CSV: fields separated by commas                          |
| .gz after .csv, .tsv | the same, compressed with gzip                           |

A directory is the files of these suffixes (.csv for the rest) in it and in the directories below
it. In a pattern, `*` and `?` do not match a `/`; a part that is `**` matches any number of
directories. Names that begin with a dot are left out. On Cloud Storage the rule is the same.
"""

import fnmatch
import glob
import os
from collections.abc import Sequence
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
            found = _below(path)
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


def _below(directory: Path) -> list[Path]:
    """The tables in a directory and below it; a link to a directory is not followed.

    Raises:
        OSError: a directory cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    for where, inner, names in os.walk(directory, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(where, name) for name in names if is_table(name)]
    return found


def is_table(name: str) -> bool:
    """Whether a file of that name counts as one of a directory's tables."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def matches(name: str, pattern: str) -> bool:
    """Whether a name, its directories separated by `/`, is one that `glob.glob(…, recursive=True)`
    finds for `pattern`."""
    return _match(name.split("/"), pattern.split("/"))


def _match(name: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "**":
        if len(pattern) > 1 and _match(name, pattern[1:]):
            return True  # at the end, it is what is in a directory, and not the directory itself
        if len(pattern) == 1 and len(name) == 1:
            return not name[0].startswith(".")
        return bool(name) and not name[0].startswith(".") and _match(name[1:], pattern)
    return (
        bool(name)
        and fnmatch.fnmatchcase(name[0], pattern[0])
        and (pattern[0].startswith(".") or not name[0].startswith("."))
        and bool(name[0])
        and _match(name[1:], pattern[1:])
    )

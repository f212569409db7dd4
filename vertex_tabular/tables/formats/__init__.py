"""The formats of tables, one file each, and which of them a file is in, by its name."""

from pathlib import Path

from vertex_tabular.tables.formats.csv import CSV
from vertex_tabular.tables.formats.format import Format, read_head
from vertex_tabular.tables.formats.parquet import PARQUET
from vertex_tabular.tables.formats.tsv import TSV

FORMATS: tuple[Format, ...] = (CSV, TSV, PARQUET)
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


def format_of(part: Path) -> Format:
    """The format of a file; CSV if its name has none of `SUFFIXES`."""
    name = part.name.lower()
    return next((each for each in FORMATS if name.endswith(each.suffixes)), CSV)


def misnamed(part: Path) -> str | None:
    """What is wrong with a file that is not of the format that its name says, and the cure; None
    if it is, or if it is empty.

    Raises:
        One of `reading_errors`.
    """
    named = format_of(part)
    head = read_head(part)
    for other in FORMATS:
        if other is not named and other.recognises(head):
            cure = f"end its name in {other.suffixes[0]}"
            return f"{part} must be {named.name}, got {other.name}; {cure}"
    return named.misnamed(part)

"""Where a table comes from: one file, or the parts that a pattern or a directory names.

| suffix           | is read as                                        |
|------------------|---------------------------------------------------|
| .tsv             | fields separated by tabs                          |
| .parquet         | Parquet                                           |
| anything else    | CSV: fields separated by commas                   |
| .gz after either | compressed with gzip (not Parquet, which is so itself) |
"""

import glob
import io
from pathlib import Path
from typing import cast

from trainer.errors import InputError
from trainer.uri import input_file, local_path

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
UTF_16 = ("UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8")
# By the first bytes of what is no text: what it is, and how to make a table of it.
FORMS = {
    GZIP: ("gzip", "end its name in .gz"),
    PARQUET + b"\x15": ("Parquet", "end its name in .parquet"),
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "save the table as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save the table as CSV UTF-8"),
    b"\xff\xfe\0\0": ("UTF-32", "save it as UTF-8: iconv -f UTF-32 -t UTF-8"),
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
}
HEAD_BYTES = 1024


def parts_of(uri: str) -> list[Path]:
    """The files of a table, sorted by name, where `uri` is a file, a pattern or a directory.

    Raises:
        InputError: there are none, or they cannot be listed.
    """
    path = local_path(uri)
    try:
        if path.is_dir():
            rule = f"a directory must hold files of {', '.join(SUFFIXES)}"
            none = "has none"
            found = [part for part in path.iterdir() if _name(part).endswith(SUFFIXES)]
        elif not path.exists() and glob.has_magic(str(path)):
            rule, none = "a pattern must match files", "matches none"
            found = [Path(part) for part in glob.glob(str(path), recursive=True)]
        else:
            return [input_file(uri)]
        parts = sorted(part for part in found if part.is_file())
    except OSError as error:
        raise InputError(f"an input must be a file, got {uri}: {error.strerror}") from None
    if not parts:
        raise InputError(f"{rule}, got {uri} {none}")
    return parts


def _name(part: Path) -> str:
    return part.name.lower()


def is_parquet(part: Path) -> bool:
    return _name(part).endswith(".parquet")


def is_gzip(part: Path) -> bool:
    return _name(part).endswith(".gz")


def delimiter_of(part: Path) -> str:
    """What separates the fields of a text file."""
    return "\t" if _name(part).endswith((".tsv", ".tsv.gz")) else ","


def misnamed(part: Path) -> str | None:
    """What is wrong with a file whose first bytes are not of the form that its name says, and the
    cure; None if they are, or if it is empty.

    Raises:
        One of `reading_errors`.
    """
    with open(part, "rb") as file:
        head = file.read(HEAD_BYTES)
    for named, suffix, form, start in (
        (is_parquet(part), ".parquet", "Parquet", PARQUET),
        (is_gzip(part), ".gz", "gzip", GZIP),
    ):
        if named and head and not head.startswith(start):
            return f"a file named {suffix} must be {form}, got {part} is not; mend its name"
    if is_parquet(part):
        return None
    with open_text(part) as file:
        head = file.read(HEAD_BYTES)
    forms = [form for start, form in FORMS.items() if head.startswith(start)]
    # Letters and delimiters of UTF-16 have a byte of 0, always the first or always the second.
    zeros = sorted((head[0::2].count(0), head[1::2].count(0)))
    if not forms and zeros[0] == 0 and zeros[1] > len(head) / 8:
        forms = [UTF_16]
    if not forms:
        return None
    form, cure = forms[0]
    return f"a file must be UTF-8 text, got {part} is {form}; {cure}"


def open_text(part: Path) -> io.BufferedReader:
    """Opens a text file for reading its bytes, decompressed where it is compressed."""
    if not is_gzip(part):
        return open(part, "rb")
    from isal import igzip

    return cast(io.BufferedReader, igzip.IGzipFile(part, "rb"))  # type: ignore[no-untyped-call]


def reading_errors() -> tuple[type[Exception], ...]:
    """What reading raises where a file is damaged or cut short; UnicodeDecodeError is pyarrow's, of
    Parquet."""
    import pyarrow as pa
    from isal import isal_zlib

    damaged = cast(type[Exception], isal_zlib.error)
    return (OSError, EOFError, damaged, pa.ArrowException, UnicodeDecodeError)

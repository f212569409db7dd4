"""The bytes of a CSV, in chunks that end where a record ends."""

import csv
import io
import itertools
from collections.abc import Iterator

import numpy as np

CHUNK_BYTES = 3 << 20
LINE_BYTES = 1 << 16
MAX_BYTES = 1 << 24  # of a record
MAX_EMPTY = 1 << 20  # bytes of empty lines one after the other
MAX_COLUMNS = 100_000
TOO_WIDE = f"a table must have at most {MAX_COLUMNS:,} columns"
NEWLINE, RETURN, QUOTE = b'\n\r"'
BOM = b"\xef\xbb\xbf"


class TableReadError(Exception):
    """The table could not be read; the message is the reader's own."""


def header_of(data: bytes | memoryview, delimiter: str) -> list[str]:
    """The names in the first line of a CSV that is not empty; none if there is none.

    Raises:
        TableReadError: there are more than `MAX_COLUMNS`.
    """
    first = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "replace", newline="")
    names: list[str] = []
    # A line of nothing but delimiters would become a list of millions of names.
    for line in first:
        if line.count(delimiter) >= MAX_COLUMNS:
            raise TableReadError(TOO_WIDE)
        if names := next(csv.reader(itertools.chain([line], first), delimiter=delimiter), []):
            break
    return names


def whole_records(
    file: io.BufferedIOBase, delimiter: str = ",", free: list[bytearray] | None = None
) -> Iterator[memoryview]:
    """The bytes of a CSV in chunks that end where a record ends.

    That is at a line break that is not in quotes: Arrow parses the chunks side by side, and takes
    an open quote at the end of what it gets for a value.

    Args:
        free: memory to read into, before any that is new to the process, which is slower. Whoever
            needs a chunk no longer may add its `obj`.

    Raises:
        TableReadError: quotes are not as they should be, a byte is NUL, a record is very long, or
            there are very many empty lines.
    """
    empty = 0  # bytes since the last line that is not
    while True:
        room = free.pop() if free else bytearray(CHUNK_BYTES + LINE_BYTES)
        chunk = memoryview(room)
        size = file.readinto(chunk[:CHUNK_BYTES])
        if not size:
            return
        line = b"" if room[size - 1] == NEWLINE else file.readline(MAX_BYTES)
        if size + len(line) > len(room):
            chunk = memoryview(bytearray(size + len(line)))
            chunk[:size] = room[:size]
        chunk = chunk[: size + len(line)]
        chunk[size:] = line
        is_open = ends_in_quotes(chunk, delimiter)
        more = bytearray()
        while is_open or (more or chunk)[-1] != NEWLINE:
            line = file.readline(MAX_BYTES)
            if not line and not is_open:
                break  # the last line has no line break
            if not line or len(chunk) + len(more) > MAX_BYTES:
                raise TableReadError(
                    "a quote is not closed, or a row is longer than 16 MiB; lines end in LF or CRLF"
                )
            is_open = ends_in_quotes(line, delimiter, is_open)
            more += line
        if more:
            chunk = memoryview(bytearray(chunk) + more)
        if not np.frombuffer(chunk, np.uint8).min():
            raise TableReadError("there is a NUL byte")
        is_empty = chunk[0] in b"\r\n" and not bytes(chunk).strip(b"\r\n")
        empty = empty + len(chunk) if is_empty else 0
        if empty > MAX_EMPTY:
            raise TableReadError("there is more than 1 MiB of empty lines")
        yield chunk


def ends_in_quotes(data: bytes | memoryview, delimiter: str, is_open: bool = False) -> bool:
    """Whether a quote is open at the end of some lines of a CSV, as one `is_open` at their start.

    A quote opens at the start of a field, and is text within one; what closes it is not doubled.

    Raises:
        TableReadError: there is more of a field after the quote that closes it, which Arrow would
            take for the rest of its text.
    """
    ends = bytes((NEWLINE, RETURN, ord(delimiter)))  # of a field
    found = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(found == QUOTE)
    if not len(quotes):
        return is_open
    # Nearly always every other one opens, or is the second of two, and those between close, or are
    # the first of two: then counting is enough.
    opening, closing = quotes[is_open::2], quotes[not is_open :: 2]
    beside = np.zeros(256, np.bool_)
    beside[[*ends, QUOTE]] = True
    before, after = found.take(opening - 1), found.take(closing + 1, mode="clip")
    if beside.take(before).all() and beside.take(after).all():
        return (len(quotes) + is_open) % 2 == 1
    second = -1  # of two
    for at in quotes.tolist():
        following = data[at + 1 : at + 2]
        if not is_open:
            is_open = at == 0 or data[at - 1] in ends or (at == len(BOM) and data[:at] == BOM)
        elif at == second:
            continue
        elif following == b'"':
            second = at + 1
        elif following in ends:  # as nothing is
            is_open = False
        else:
            raise TableReadError("there is more of a field after its quotes")
    return is_open

"""Prints on stdout and stderr: the one place where text leaves for a terminal.

What is printed may come from a table, a file's name or another program's log. A terminal obeys
control characters (ESC ] 0 ; sets its title) and reorders text by bidirectional ones (U+202E), so
whatever is not printable is shown as JSON escapes it; a JSON text stays that JSON.
"""

import contextlib
import json
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO


def escaped(text: str) -> str:
    """`text` with an escape, such as \\u001b, for each character that is not printable
    (https://docs.python.org/3/library/stdtypes.html#str.isprintable); line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)


def echo(text: str = "", *, err: bool = False, end: str = "\n") -> None:
    """Prints `text`, escaped, on stdout, or on stderr with `err`; at once."""
    shown = escaped(text)
    try:
        print(shown, end=end, file=sys.stderr if err else sys.stdout, flush=True)
    except UnicodeEncodeError:  # the locale's encoding lacks a letter; nothing of it was written
        shown = "".join(c if c.isascii() else _escape(c) for c in shown)
        print(shown, end=end, file=sys.stderr if err else sys.stdout, flush=True)


@contextlib.contextmanager
def echoed_warnings() -> Iterator[None]:
    """Python's warnings go the same way while inside: a library's may quote a column's name."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        echo(text, err=True, end="")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]

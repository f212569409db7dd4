"""Arguments of a command that are too long for one, by way of files.

Linux takes at most 128 KiB in one argument (MAX_ARG_STRLEN, execve(2)), and the schema of a few
thousand columns is longer. `shortened` writes such an argument to a file and names that instead;
the program that needs it calls `restored`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

MAX_BYTES = 100_000
MARK = "argument-in-file:"


def shortened(command: Iterable[str], prefix: Path) -> Iterator[str]:
    """The words of a command, a long one as the name of a file that holds it: `prefix` and its
    place."""
    for place, word in enumerate(command):
        encoded = word.encode()
        if len(encoded) <= MAX_BYTES:
            yield word
            continue
        path = prefix.with_name(f"{prefix.name}.argument{place}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded)
        yield f"{MARK}{path}"


def restored(words: Iterable[str]) -> list[str]:
    """The words that were given to `shortened`."""
    return [
        Path(word.removeprefix(MARK)).read_bytes().decode() if word.startswith(MARK) else word
        for word in words
    ]

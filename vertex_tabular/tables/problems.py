"""What is wrong with a table, as lines of one message, and how a message shows names and values."""

from collections import Counter
from collections.abc import Sequence

from trainer.errors import InputError
from vertex_tabular.schema.values import shortened

MAX_LINES = 20
MAX_NAMES = 20  # in one message
AS_UTF_8 = "save the file as UTF-8"


class Problems:
    """What is wrong so far, as lines; only the first few are kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def add(self, line: str) -> None:
        """Adds a problem."""
        self.count += 1
        if self.count <= MAX_LINES:
            self.lines.append(" ".join(line.split("\n")))

    def raise_if_any(self) -> None:
        """Raises InputError with one line for each problem, and the count of those left out."""
        if self.count > MAX_LINES:
            self.lines.append(f"and {self.count - MAX_LINES} more")
        if self.count:
            raise InputError("\n".join(self.lines))


def check_header(header: list[str], names: Sequence[str], problems: Problems, of_part: str) -> None:
    """Each of `names` must be there once; others may be there too, in any order."""
    found = listed([called(name) for name in header])
    times = Counter(header)
    for name in dict.fromkeys(names):
        if is_not_utf_8(name):
            problems.add(f"a name must be UTF-8, got {shown(name)}{of_part}; {AS_UTF_8}")
        elif times[name] > 1:
            problems.add(
                f"column {called(name)} must be there once, got "
                f"{times[name]} times{of_part}; rename all but one"
            )
        elif not times[name]:
            if problems.count >= MAX_LINES:
                problems.count += 1  # it is not shown, and to look for alike names takes long
                continue
            alike = [each for each in header if each.strip().lower() == name.strip().lower()]
            cure = f"; is it {alike[0]!r}?" if alike else ""
            if any(is_not_utf_8(each) for each in header):
                cure = f"; {AS_UTF_8}"
            problems.add(f"column {called(name)} must be there, got {found}{of_part}{cure}")


def listed(names: Sequence[str]) -> str:
    """Names as a message shows them: not all of very many."""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def called(name: str) -> str:
    """A column's name as a message shows it."""
    return name if name.isprintable() and name and name == name.strip() else shown(name)


def is_not_utf_8(text: str) -> bool:
    """Whether a text has letters that `surrogateescape` makes of bytes that are not UTF-8."""
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)


def shown(text: str) -> str:
    """A value as a message shows it: on one line, not endless, bad bytes as escapes."""
    return repr(shortened(text)).replace("\\udc", "\\x")  # how `surrogateescape` kept a bad byte

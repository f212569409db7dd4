"""YAML as a person writes a schema: mappings, lists and texts, of which none is guessed at.

A scalar is the text that was written, so that `010`, `12:30`, `0x1F`, `no` and `1.10` stay levels;
one without quotes is `Plain`, since a key that wants a number may make it one. Only null is null.
What no schema needs and YAML has (aliases, tags, several documents) is refused, and so is a key
given twice, which YAML 1.2.2 (section 3.2.1.1) forbids and most readers let pass.
"""

from typing import Any

MAX_DEPTH = 50
NULL = ("", "~", "null", "Null", "NULL")  # YAML 1.2.2, section 10.3.2


class Plain(str):
    """A scalar without quotes."""


def load_plain(text: str) -> Any:
    """The value of a YAML text: dicts, lists, str (`Plain` where there are no quotes) and None.

    Raises:
        ValueError: it is not such a text; the message is one line, with the place.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        # Event by event, so that what is too deep ends here and not in a recursion.
        for event in yaml.parse(text, loader):
            builder.add(event, type(event).__name__.removesuffix("Event"))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    return builder.root[0] if builder.root else None


class _Builder:
    """The value so far: open collections, the innermost last, and their keys that wait for a
    value."""

    def __init__(self) -> None:
        self.root: list[Any] = []
        self._open: list[Any] = [self.root]
        self._keys: list[str | None] = [None]
        self._documents = 0

    def add(self, event: Any, name: str) -> None:
        line = event.start_mark.line + 1
        if name == "DocumentStart":
            self._documents += 1
            if self._documents > 1:
                raise ValueError(f"a schema must be one document, got a second one (line {line})")
        elif name == "Alias":
            raise ValueError(
                f"a value must be written out, got the alias *{event.anchor} (line {line})"
            )
        elif name in ("Scalar", "SequenceStart", "MappingStart"):
            if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
                raise ValueError(f"a value must have no tag, got {event.tag} (line {line})")
            value: Any = [] if name == "SequenceStart" else {}
            if name == "Scalar":
                value = _scalar(event, line)
            self._place(value, line)
            if name != "Scalar":
                self._open.append(value)
                self._keys.append(None)
                if len(self._open) > MAX_DEPTH + 1:
                    raise ValueError(f"lists may nest {MAX_DEPTH} deep, got more (line {line})")
        elif name in ("SequenceEnd", "MappingEnd"):
            self._open.pop()
            self._keys.pop()

    def _place(self, value: Any, line: int) -> None:
        """Adds a value to the innermost collection, or keeps it as the key of the next."""
        inner = self._open[-1]
        if isinstance(inner, list):
            inner.append(value)
        elif self._keys[-1] is not None:
            inner[self._keys[-1]] = value
            self._keys[-1] = None
        elif not isinstance(value, str):
            raise ValueError(f"a key must be a text, got {value} (line {line})")
        elif value in inner:
            raise ValueError(f"a key must be there once, got {value!s} twice (line {line})")
        else:
            self._keys[-1] = str(value)


def _scalar(event: Any, line: int) -> str | None:
    value: str = event.value
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"a text must be Unicode, got half a surrogate pair (line {line})")
    if not event.implicit[0]:  # in quotes, or tagged as a text
        return value
    return None if value in NULL else Plain(value)

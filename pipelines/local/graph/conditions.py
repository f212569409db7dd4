"""Conditions of tasks (`dsl.If`, `Elif`, `Else`): the part of CEL that kfp's compiler writes.

    !(inputs.parameter_values['x'] == 'heads') && int(inputs.parameter_values['n']) > -3

CEL: https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from trainer.errors import TabularError

TOKEN = re.compile(
    r"""\s*(?:
    (?P<input>inputs\.parameter_values\[(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)")\])
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)
    | (?P<word>true|false|null|int|double|string)\b
    | (?P<sign>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))
    )""",
    re.VERBOSE,
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "double": float, "string": str}
LITERALS = {"true": True, "false": False, "null": None}

Values = Mapping[str, Any]
Expression = Callable[[Values], Any]


def parse(condition: str) -> Expression:
    """What tells whether a task runs, from the values of its inputs; that raises TabularError where
    the values cannot be compared.

    Raises:
        ValueError: it is not of this part of CEL.
    """
    reader = _Reader(_tokens(condition))
    expression = reader.either()
    if reader.tokens:
        raise ValueError(f"unexpected {reader.tokens[0][1]}")
    return expression


def _tokens(text: str) -> list[tuple[str, str]]:
    """The kind and the text of each token."""
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"unexpected {text[place:]}")
        place = match.end()
        if match["input"]:
            found.append(("input", match["single"] or match["double"] or ""))
        else:
            kind = next(kind for kind in ("text", "number", "word", "sign") if match[kind])
            found.append((kind, match[kind]))
    return found


class _Reader:
    """Reads an expression from the left, each method one level of precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def next_is(self, *signs: str) -> str:
        """Takes the next token if it is one of these signs; empty if not."""
        if self.tokens and self.tokens[0][0] == "sign" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return ""

    def either(self) -> Expression:
        parts = [self.both()]
        while self.next_is("||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda values: any(part(values) for part in parts)

    def both(self) -> Expression:
        parts = [self.comparison()]
        while self.next_is("&&"):
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else lambda values: all(part(values) for part in parts)

    def comparison(self) -> Expression:
        left = self.operand()
        sign = self.next_is(*COMPARISONS)
        if not sign:
            return left
        right = self.operand()
        return lambda values: _compared(sign, left(values), right(values))

    def operand(self) -> Expression:
        if self.next_is("!"):
            inner = self.operand()
            return lambda values: not inner(values)
        if self.next_is("("):
            return self._closed(self.either())
        if not self.tokens:
            raise ValueError("it ends too early")
        kind, text = self.tokens.pop(0)
        if kind == "input":
            return lambda values: values.get(text)
        if kind == "text":
            content = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda values: content
        if kind == "number":
            number = int(text) if re.fullmatch(r"-?\d+", text) else float(text)
            return lambda values: number
        if text in LITERALS:
            return lambda values: LITERALS[text]
        if text in CASTS and self.next_is("("):
            argument = self._closed(self.either())
            return lambda values: _cast(text, argument(values))
        raise ValueError(f"unexpected {text}")

    def _closed(self, expression: Expression) -> Expression:
        if not self.next_is(")"):
            raise ValueError("a parenthesis is not closed")
        return expression


def _cast(kind: str, value: Any) -> Any:
    try:
        return CASTS[kind](value)
    except (ValueError, TypeError):
        raise TabularError(f"a condition takes {kind}() of a number, got {value!r}") from None


def _compared(sign: str, left: Any, right: Any) -> bool:
    try:
        same_kind = isinstance(left, bool) == isinstance(right, bool)
        return COMPARISONS[sign](left, right) if same_kind else sign == "!="
    except TypeError:
        raise TabularError(
            f"a condition must compare values of one type, got {left!r} {sign} {right!r}"
        ) from None

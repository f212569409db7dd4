"""Nothing that is printed can steer a terminal, and it says the same."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.terminal import echo, escaped

HOSTILE = ["\x1b]0;title\x07", "\x9b31m", "\u202etxt.exe", "\r\x08", "\x7f", "\u2028", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_steers_a_terminal_is_escaped(text: str) -> None:
    assert escaped(text).isprintable()
    assert json.loads(f'"{escaped(text)}"') == text


@given(st.text())
def test_whatever_is_printed_is_printable(text: str) -> None:
    shown = escaped(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert shown.count("\n") == text.count("\n")
    if text.isprintable():
        assert shown == text


@given(st.recursive(st.text() | st.floats(allow_nan=False), st.lists))
def test_json_stays_the_same_json(value: object) -> None:
    assert json.loads(escaped(json.dumps(value, ensure_ascii=False))) == value


@pytest.mark.parametrize("err", [False, True])
def test_it_goes_where_it_is_said_to(err: bool) -> None:
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        echo("a\x1bb", err=err)
    assert (errors if err else out).getvalue() == "a\\u001bb\n"
    assert (out if err else errors).getvalue() == ""


def test_an_encoding_without_the_letter_gets_an_escape() -> None:
    binary = io.BytesIO()
    with io.TextIOWrapper(binary, "ascii") as stream, redirect_stdout(stream):
        echo("naïve")
        assert binary.getvalue() == b"na\\u00efve\n"

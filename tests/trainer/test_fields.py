"""Texts as settings: numbers are what they look like, in ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.parameters import parse_settings
from trainer.config import Config
from trainer.errors import InputError
from trainer.fields import parse_value

# Digits of other scripts, and separators, all of which Python's `int` and `float` take.
DIGITS = st.text(st.characters(categories=["Nd"]), min_size=1)
TEXTS = DIGITS.filter(lambda text: not text.isascii()) | st.sampled_from(["1_0", "1_0.5", "\xa01"])


@given(TEXTS, st.sampled_from(["epochs", "learning_rate", "hidden_layers"]))
def test_a_number_is_written_in_ascii(text: str, name: str) -> None:
    with pytest.raises(InputError, match=f"^--{name} must be"):
        parse_value(Config, name, text)


@given(TEXTS, st.sampled_from(["NUMBER_INTEGER", "NUMBER_DOUBLE"]))
def test_so_is_a_parameter_of_the_pipeline(text: str, kind: str) -> None:
    with pytest.raises(InputError, match="^epochs must be a"):
        parse_settings([f"epochs={text}"], {"epochs": {"parameterType": kind}})

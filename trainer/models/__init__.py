"""The families of models: `--recipe` names one.

A family is a package with

    __init__   SETTINGS, its values for settings that are not given; `forward`, the trained network
               in numpy, so that predictions need no torch
    model      `make_model`: its torch module on flat buffers, and what computes the gradients

and an entry of `FAMILIES`. `trainer.models.interfaces` says what training needs of the two.
"""

import importlib
from typing import Any

FAMILIES = {"plain": "trainer.models.mlp", "strong": "trainer.models.strong"}


def settings_of(family: str) -> dict[str, Any]:
    """A family's values for settings that are not given, by their names."""
    settings: dict[str, Any] = importlib.import_module(FAMILIES[family]).SETTINGS
    return settings


def make_model_of(family: str) -> Any:
    """The function that makes a family's model for training: an `interfaces.MakeModel`."""
    return importlib.import_module(f"{FAMILIES[family]}.model").make_model

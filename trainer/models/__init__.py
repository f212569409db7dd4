"""The families of models, by the name that metrics.json has: what `weights.npz` holds.

A family is a package with

    __init__   SETTINGS, its values for settings that are the model's own; `forward`, the trained
               network in numpy, so that predictions need no torch
    model      `make_model`: its torch module on flat buffers, and what computes the gradients

and an entry of `FAMILIES`. `trainer.models.interfaces` says what training needs of the two. A blend
is not trained itself, but the ensembles in it.
"""

import importlib
from typing import Any

FAMILIES = {"mlp": "trainer.models.mlp", "blend": "trainer.models.blend"}
NETS = tuple(name for name in FAMILIES if name != "blend")  # that are trained as one


def settings_of(family: str) -> dict[str, Any]:
    """A family's values for settings that are the model's own, by their names."""
    settings: dict[str, Any] = importlib.import_module(FAMILIES[family]).SETTINGS
    return settings


def make_model_of(family: str) -> Any:
    """The function that makes a family's model for training: an `interfaces.MakeModel`."""
    return importlib.import_module(f"{FAMILIES[family]}.model").make_model

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
ENSEMBLE = "trainer.models.ensemble"
NETS = tuple(name for name in FAMILIES if name != "blend")  # that are trained as one


def settings_of(model: str) -> dict[str, Any]:
    """A model's values for settings that are its own, by their names; of auto, those from which
    its candidates differ."""
    package = FAMILIES[model] if model in NETS else ENSEMBLE
    settings: dict[str, Any] = importlib.import_module(package).SETTINGS
    return settings


def make_model_of(family: str) -> Any:
    """The function that makes a family's model for training: an `interfaces.MakeModel`."""
    return importlib.import_module(f"{FAMILIES[family]}.model").make_model

"""The reference notebook's net: Linear layers with a ReLU between them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SETTINGS: dict[str, Any] = {
    "hidden_layers": (64, 32),
    "epochs": 500,
    "batch_size": 0,
    "learning_rate": 0.001,
    "learning_rate_schedule": "none",
    "l2": 0.0,
    "patience": 50,
    "restore_best": True,
    "refit": "none",
}


def forward(weights: Mapping[str, Array]) -> Callable[[Array], Array]:
    """The network of a state_dict: float32 (n, features) to (n, outputs).

    Raises:
        LookupError, ValueError: the arrays are not those of such a network.
    """
    names = sorted({int(name.partition(".")[0]) for name in weights})
    layers = [(weights[f"{name}.weight"].T, weights[f"{name}.bias"]) for name in names]
    if not layers:
        raise ValueError("no weights")

    def network(x: Array) -> Array:
        for number, (weight, bias) in enumerate(layers):
            if number:
                x = np.maximum(x, 0, out=x)
            x = x @ weight
            x += bias
        return x

    return network

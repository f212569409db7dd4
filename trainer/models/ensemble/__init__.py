"""An ensemble of small nets on encoded inputs, which learn at once.

A penalty keeps it from memorising a small table, so that it needs no early stop, and all rows at
hand can train.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.models.ensemble.encoding import Encoding

Array = NDArray[np.float32]

CHUNK_ROWS = 4096  # encoded at a time: a row may have a thousand inputs

SETTINGS: dict[str, Any] = {
    "hidden_layers": (64, 64),
    "members": 4,
    "pieces": 10,
    "input_factor": "input",
    "batch_size": 256,
    "learning_rate": 0.01,
    "learning_rate_schedule": "cosine",
    "l2": 4.0,
    "factor_l2": 16.0,
    "deep_l2": 16.0,
    "patience": 0,
    "restore_best": False,
    "refit": "all",
}


def forward(weights: Mapping[str, NDArray[Any]]) -> Callable[[Array], Array]:
    """The ensemble of a state_dict: float32 (n, features) to the mean (n, outputs) of its members.

    Raises:
        LookupError, ValueError: the arrays are not those of such an ensemble.
    """
    encoding = Encoding.from_arrays(weights)
    depth = sum(name.startswith("weights.") for name in weights)
    layers = [(weights[f"weights.{i}"], weights[f"biases.{i}"]) for i in range(depth)]
    if not layers:
        raise ValueError("no weights")
    members = len(layers[0][0])

    def network(x: Array) -> Array:
        starts = range(0, max(len(x), 1), CHUNK_ROWS)
        return np.concatenate([mean(encoding(x[i : i + CHUNK_ROWS])) for i in starts])

    def mean(inputs: Array) -> Array:
        total = member(inputs, 0)
        for number in range(1, members):
            total += member(inputs, number)
        return total / np.float32(members)

    def member(x: Array, number: int) -> Array:
        for layer, (weight, bias) in enumerate(layers):
            if layer:
                x = np.maximum(x, 0, out=x)
            x = x @ weight[number]
            x += bias[number]
        return x

    return network

"""A blend of ensembles: the weighted mean of what they predict.

Of classes it is the mean of probabilities; the outputs are their logarithms, or log-odds, so that
the link of the task turns them into probabilities, as it does those of any network.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.models import ensemble

Array = NDArray[np.float32]

LINKS = ("identity", "sigmoid", "softmax")  # of a task's kind; the weights name it by its place
TINY = 1e-12  # of a probability, so that its logarithm is finite


def mix(link: str, shares: NDArray[Any], outputs: list[NDArray[Any]]) -> NDArray[np.float64]:
    """The outputs (n, k) of a blend, from those of its ensembles and their shares."""
    logits = [each.astype(np.float64) for each in outputs]
    mixed: NDArray[np.float64]
    if link == "identity":
        mixed = sum(share * z for share, z in zip(shares, logits, strict=True))
    elif len(logits) == 1:
        mixed = logits[0]
    elif link == "sigmoid":
        p = sum(share * (1 + np.tanh(z / 2)) / 2 for share, z in zip(shares, logits, strict=True))
        p = np.clip(p, TINY, 1 - TINY)
        mixed = np.log(p) - np.log1p(-p)
    else:
        powers = [np.exp(z - z.max(axis=1, keepdims=True)) for z in logits]
        p = sum(
            share * e / e.sum(axis=1, keepdims=True)
            for share, e in zip(shares, powers, strict=True)
        )
        mixed = np.log(np.maximum(p, TINY))
    return mixed


def forward(weights: Mapping[str, NDArray[Any]]) -> Callable[[Array], Array]:
    """The blend of a state_dict: float32 (n, features) to (n, outputs).

    Raises:
        LookupError, ValueError: the arrays are not those of such a blend.
    """
    shares, link = weights["shares"], LINKS[int(weights["link"][0])]
    networks = []
    for number in range(len(shares)):
        prefix = f"ensembles.{number}."
        own = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
        networks.append(ensemble.forward(own))
    if not networks:
        raise ValueError("no ensembles")

    def network(x: Array) -> Array:
        return mix(link, shares, [each(x) for each in networks]).astype(np.float32)

    return network

"""A trained model without torch, whose import takes longer than a whole report."""

import importlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.errors import TabularError
from trainer.models import FAMILIES
from trainer.npz import read_npz
from trainer.reading import reading
from trainer.tasks.kinds import TASK_KINDS

Array = NDArray[np.float32]


class Network:
    """The weights that training left, and the forward pass of their family.

    Attributes:
        parameters: how many numbers the weights are.
    """

    def __init__(self, path: Path, family: str) -> None:
        """Reads a weights.npz; nothing in it is unpickled.

        Raises:
            TabularError: the file is damaged, or is not of a family that is known here.
        """
        if family not in FAMILIES:
            raise TabularError(
                f"{path} must be of one of {', '.join(FAMILIES)}, got {family}; a later version "
                "of vertex-tabular may know it"
            )
        with reading(path, "a model's weights"):
            weights = read_npz(path)
            for name, weight in weights.items():
                learned = "weight" in name or "bias" in name  # the others say how inputs are made
                right = weight.dtype == np.float32 if learned else weight.dtype.kind in "fi"
                if not right or not np.isfinite(weight).all():
                    raise ValueError(f"{name} of {weight.dtype}, or not finite")
            self._forward = importlib.import_module(FAMILIES[family]).forward(weights)
        self._path = path
        self.parameters = sum(weight.size for weight in weights.values())

    def __call__(self, x: Array) -> Array:
        """Features (n, features) to the network's outputs (n, outputs).

        Raises:
            TabularError: the weights' shapes do not go together, or with the features.
        """
        try:
            outputs: Array = self._forward(x)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise TabularError(
                f"{self._path} must hold weights for {x.shape[1]} features, got others: {reason}"
            ) from error
        return outputs

    def predict(self, task: str, x: Array) -> Array:
        """What the task's model predicts of features (n, features): (n,), or (n, k)."""
        return TASK_KINDS[task].link(self(x))

"""The trained model without torch, whose import takes longer than the whole report.

A `model.pt` is a zip with a pickle of names and shapes beside the raw weights
(https://docs.pytorch.org/docs/stable/notes/serialization.html). The pickle is read with a reader
that knows only what a state_dict of float32 weights needs, and so runs no code of the file's.
"""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainer.errors import TabularError

Array = NDArray[np.float32]


class Network:
    """An MLP with ReLU, of `trainer.models.mlp`, or the ensemble of `trainer.models.strong`.

    Attributes:
        layers: of each Linear its weight (out, in) and bias (out,), float32; of an ensemble's,
            weights (members, out, in) and biases (members, 1, out).
        encoding: an ensemble's scale (features, pieces) and shift (pieces,).
    """

    def __init__(self, path: Path) -> None:
        """Reads a model.pt.

        Raises:
            TabularError: the file is damaged, or holds something else.
        """
        try:
            with zipfile.ZipFile(path) as file:
                (name,) = (name for name in file.namelist() if name.endswith("/data.pkl"))
                with file.open(name) as pickled:
                    state = _StateDict(pickled, file, name.removesuffix("data.pkl")).load()
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
            raise TabularError(f"{path} must be a model's weights, got {error}") from error
        names = [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
        names.sort(key=lambda name: int(name.removeprefix("layers.")))
        self.layers = [(state[f"{name}.weight"], state[f"{name}.bias"]) for name in names]
        self.encoding = (state["scale"], state["shift"]) if "scale" in state else None
        if self.encoding:
            self.layers = [(weight.swapaxes(1, 2), bias) for weight, bias in self.layers]

    def __call__(self, x: Array) -> Array:
        """Features (n, features) to logits or predicted numbers (n, outputs)."""
        if self.encoding:
            scale, shift = self.encoding
            x = np.concatenate([x, (x @ scale + shift).clip(0, 1)], axis=1)
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                x = np.maximum(x, 0, out=x)
            x = x @ weight.swapaxes(-2, -1)
            x += bias
        return cast(Array, x.mean(axis=0)) if self.encoding else x

    def predict(self, task: str, x: Array) -> Array:
        """What the task's model predicts of features (n, features): (n,), or (n, k)."""
        logits = self(x)
        if task == "regression":
            return logits[:, 0]
        if task == "binary":
            return cast(Array, (1 + np.tanh(logits[:, 0] / 2)) / 2)  # the sigmoid, and no overflow
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return cast(Array, exponentials / exponentials.sum(axis=1, keepdims=True))


class _StateDict(pickle.Unpickler):
    """Reads the pickle of a state_dict; every other content is refused."""

    def __init__(self, pickled: Any, file: zipfile.ZipFile, folder: str) -> None:
        super().__init__(pickled)
        self._file, self._folder = file, folder

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): np.float32,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Array:
        _, dtype, key, *_ = pid
        return np.frombuffer(self._file.read(f"{self._folder}data/{key}"), dtype)


def _tensor(storage: Array, offset: int, shape: Any, strides: Any, *_: Any) -> Array:
    steps = [4 * stride for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)

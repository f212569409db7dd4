"""What training needs of a family of models."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from trainer.tasks.losses import Task


class FlatModel:
    """A module whose parameters, and their gradients, are views of flat buffers.

    One buffer makes the optimizer step one call over it, an all-reduce one call, and a snapshot of
    the weights one copy.

    Attributes:
        flat: float32 (P,), all parameters; those of the module are views of it.
        sums: float32 (P + 1,), their gradients summed over rows, and the number of rows.
        grad: all of `sums` but the last.
    """

    # float32 (P,), the L2 of each parameter: half of it times the parameter's square is added to
    # the loss summed over the training rows. None where there is one for all, or none.
    penalty: Tensor | None = None

    def __init__(self, size: int, device: torch.device) -> None:
        self.flat = torch.zeros(size, device=device)
        self.sums = torch.zeros(size + 1, device=device)
        self.grad = self.sums[:-1]

    def unscale(self, mean: float, scale: float) -> None:
        """Changes the last layer so that the outputs become `output * scale + mean`."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Tensor]:
        """The state_dict of the module as it predicts, on the CPU, in tensors of their own: a view
        would be saved with the whole buffer behind it."""
        raise NotImplementedError


def state_dict_of(module: nn.Module) -> dict[str, Tensor]:
    """A module's state_dict on the CPU, in tensors of their own."""
    return {
        name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, value in module.state_dict().items()
    }


def parameters_in(module: nn.Module) -> int:
    """How many numbers a module's parameters are."""
    return sum(parameter.numel() for parameter in module.parameters())


class Gradients(Protocol):
    """Computes logits, and gradients into the flat buffer of a model, chunk by chunk.

    Attributes:
        chunk: the most rows of one call.
    """

    chunk: int

    def logits(self, x: Tensor) -> Tensor:
        """The model's outputs (n, outputs) for at most `chunk` rows, without dropout.

        `x` is float32 (n, features + 1), the last column ones. Valid until the next call.
        """
        ...

    def add(self, x: Tensor, y: Tensor, first: bool) -> Tensor:
        """Adds the gradient of the loss summed over these rows to the buffer, or with `first`
        replaces what is there. Returns the logits, as `logits` does."""
        ...


class Architecture(Protocol):
    """The settings that shape a model: see `trainer.config.Config`."""

    @property
    def hidden_layers(self) -> Sequence[int] | None: ...

    @property
    def dropout(self) -> float: ...


class MakeModel(Protocol):
    """Makes a model with its initial weights, and what computes its gradients."""

    def __call__(
        self, shape: Architecture, task: Task, features: int, device: torch.device
    ) -> tuple[FlatModel, Gradients]: ...

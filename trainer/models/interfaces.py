"""What training needs of a family of models."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from trainer.tasks.losses import Task


class FlatModel:
    """A module whose parameters, and their gradients, are views of flat buffers.

    One buffer makes the optimizer step one call over it, an all-reduce one call, and a snapshot of
    the weights one copy.

    Attributes:
        module: the module itself; its parameters live in `flat`.
        flat: float32 (P,), all parameters.
        sums: float32 (P + 1,), their gradients summed over rows, and the number of rows.
        grad: all of `sums` but the last.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        size = sum(parameter.numel() for parameter in module.parameters())
        self.module = module
        self.flat = torch.zeros(size, device=device)
        self.sums = torch.zeros(size + 1, device=device)
        self.grad = self.sums[:-1]

    def unscale(self, mean: float, scale: float) -> None:
        """Changes the last layer so that the outputs become `output * scale + mean`."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Tensor]:
        """The module's state_dict on the CPU, in tensors of their own: a view would be saved with
        the whole buffer behind it."""
        return {
            name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, value in self.module.state_dict().items()
        }


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
    def hidden_layers(self) -> Sequence[int]: ...

    @property
    def dropout(self) -> float: ...


class MakeModel(Protocol):
    """Makes a model with its initial weights, and what computes its gradients.

    `sample` gives rows of training, float32 (m, features), the same in every process: all, or
    those of the first shard.
    """

    def __call__(
        self,
        shape: Architecture,
        task: Task,
        features: int,
        sample: Iterable[Tensor],
        device: torch.device,
    ) -> tuple[FlatModel, Gradients]: ...

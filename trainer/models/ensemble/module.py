"""The ensemble's torch module, and the flat buffers that it is trained in.

The members are MLPs that share inputs and batches, and differ in their initial weights; each
learns from its own loss and the prediction is the mean of their logits (the deep ensemble of
Lakshminarayanan et al. 2017, https://arxiv.org/abs/1612.01474).

A factor may be learned for each input, or for each column of the table, of the first layer: an L2
penalty on the factor and on its weights is a lasso, or group lasso, of their product (Hoff 2017,
https://arxiv.org/abs/1611.00824). What decides nothing is thereby left out.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.ensemble.encoding import Encoding
from trainer.models.interfaces import FlatModel, state_dict_of


class Ensemble(nn.Module):
    """Members on encoded inputs, as they predict: float32 (n, features) to the mean (n, outputs)
    of their logits."""

    def __init__(self, encoding: Encoding, layers: Sequence[tuple[Tensor, Tensor]]) -> None:
        """`layers` are weight (members, inputs, outputs) and bias (members, 1, outputs) of each."""
        super().__init__()
        self._encode = encoding
        for name, array in encoding.to_arrays().items():
            self.register_buffer(name, torch.from_numpy(array))
        self.weights = nn.ParameterList(nn.Parameter(weight) for weight, _ in layers)
        self.biases = nn.ParameterList(nn.Parameter(bias) for _, bias in layers)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> "Ensemble":
        """The ensemble whose `state_dict` this is."""
        encoding = Encoding.from_arrays({name: t.numpy() for name, t in state.items()})
        depth = sum(name.startswith("weights.") for name in state)
        layers = [(state[f"weights.{i}"], state[f"biases.{i}"]) for i in range(depth)]
        return cls(encoding, layers)

    def forward(self, x: Tensor) -> Tensor:
        inputs = torch.from_numpy(self._encode(x.numpy(force=True))).to(x.device)
        out = inputs.expand(len(self.weights[0]), -1, -1)
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = torch.baddbmm(bias, F.relu(out) if number else out, weight)
        return out.mean(dim=0)


class EnsembleShape(Protocol):
    """The settings that shape an ensemble: see `trainer.config.Config`."""

    @property
    def hidden_layers(self) -> Sequence[int] | None: ...
    @property
    def members(self) -> int: ...
    @property
    def input_factor(self) -> str: ...
    @property
    def l2(self) -> float: ...
    @property
    def factor_l2(self) -> float: ...
    @property
    def deep_l2(self) -> float: ...


class FlatEnsemble(FlatModel):
    """An ensemble while it is trained.

    Attributes:
        weights: of each layer, (members, inputs + 1, outputs); the last row is the bias.
        grads: the same views of `grad`.
        factors: float32 (members, groups), and `factor_grads`; or None.
        group: int64 (inputs,), the group of each input; None where each has its own.
    """

    def __init__(
        self, encoding: Encoding, shape: EnsembleShape, outputs: int, device: torch.device
    ) -> None:
        inputs, members = len(encoding.source), shape.members
        widths = [inputs, *(shape.hidden_layers or ()), outputs]
        shapes = [(members, a + 1, b) for a, b in zip(widths, widths[1:], strict=False)]
        self.group: Tensor | None = None
        groups = inputs if shape.input_factor == "input" else 0
        if shape.input_factor == "column" and inputs:
            self.group = torch.from_numpy(encoding.group).to(device)
            groups = int(encoding.group.max()) + 1
        shapes.append((members, groups, 1))
        size = sum(math.prod(dims) for dims in shapes)
        super().__init__(size, device)
        self.encoding, self.members = encoding, members
        self.penalty = torch.full_like(self.flat, shape.l2)
        places = [0, *itertools.accumulate(math.prod(dims) for dims in shapes)]

        def views(buffer: Tensor) -> list[Tensor]:
            return [
                buffer[first:end].view(dims)
                for first, end, dims in zip(places, places[1:], shapes, strict=False)
            ]

        *self.weights, factors = views(self.flat)
        *self.grads, factor_grads = views(self.grad)
        for number, (weight, penalty) in enumerate(
            zip(self.weights, views(self.penalty), strict=False)
        ):
            # As torch starts a Linear: uniform within one over the square root of its inputs.
            bound = max(widths[number], 1) ** -0.5
            weight.copy_(torch.empty(weight.shape).uniform_(-bound, bound))
            if number:
                penalty[:, :-1] = shape.deep_l2
        self.factors: Tensor | None = None
        self.factor_grads = factor_grads[..., 0]
        if groups:
            views(self.penalty)[-1].fill_(shape.factor_l2)
            self.factors = factors.fill_(1.0)[..., 0]
            self._of_inputs = torch.ones(members, inputs + 1, 1, device=device)

    def factors_of_inputs(self) -> Tensor | None:
        """What each row of the first layer's weights is multiplied by: (members, inputs + 1, 1),
        1 for the bias; None without factors."""
        if self.factors is None:
            return None
        out = self._of_inputs[:, :-1, 0]
        if self.group is None:
            out.copy_(self.factors)
        else:
            out.copy_(self.factors[:, self.group])
        return self._of_inputs

    def unscale(self, mean: float, scale: float) -> None:
        self.weights[-1].mul_(scale)
        self.weights[-1][:, -1].add_(mean)

    def to_module(self) -> Ensemble:
        """The ensemble as it predicts, on the CPU; its factors are in its weights."""
        first = self.weights[0]
        if (factors := self.factors_of_inputs()) is not None:
            first = first * factors
        layers = [weight.clone().cpu() for weight in (first, *self.weights[1:])]
        return Ensemble(self.encoding, [(w[:, :-1], w[:, -1:]) for w in layers])

    def state_dict(self) -> dict[str, Tensor]:
        return state_dict_of(self.to_module())

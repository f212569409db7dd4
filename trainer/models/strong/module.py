"""The ensemble's torch module: numbers in pieces, and members trained as one network.

Each feature becomes its piecewise-linear encoding (Gorishniy et al. 2022,
https://arxiv.org/abs/2203.05556), so that a small net can bend where the quantiles are; of a
column with few values that is one input for each step between them. The members of the ensemble
are MLPs that share the encoding and the batches, and differ in their initial weights; each learns
from its own loss and the prediction is the mean of their logits (the deep ensemble of
Lakshminarayanan et al. 2017, https://arxiv.org/abs/1612.01474, in one batched product a layer).

The encoding is among the buffers, so the weights are all that a prediction needs.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.interfaces import FlatModel

MEMBERS = 4
PIECES = 4  # of a feature, at most
SAMPLE_ROWS = 100_000  # that the quantiles are taken of


class Strong(nn.Module):
    """Encodes float32 (n, features) as (n, features + pieces), and asks every member.

    `sample` is float32 (m, features), rows of training.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self, sample: Tensor, hidden: Sequence[int], outputs: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        scale, shift = _encoding(sample)
        self.register_buffer("scale", scale)  # (features, pieces): a column has one value
        self.register_buffer("shift", shift)  # (pieces,)
        self.dropout = dropout
        widths = [sum(scale.shape), *hidden, outputs]
        self.layers = nn.ModuleList(
            _Layer(inputs, out) for inputs, out in zip(widths, widths[1:], strict=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each member: (members, n, outputs)."""
        pieces = torch.addmm(self.shift, x, self.scale).clamp(0, 1)
        x = torch.cat([x, pieces], dim=1).expand(MEMBERS, -1, -1)
        for number, layer in enumerate(self.layers):
            if number:
                x = F.dropout(F.relu(x), self.dropout, self.training)
            x = layer(x)
        return x


class _Layer(nn.Module):
    """The weights of one Linear of each member, initialised as torch does it: uniform within one
    over the square root of the inputs."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(MEMBERS, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(MEMBERS, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


def _encoding(sample: Tensor) -> tuple[Tensor, Tensor]:
    """Scale (features, pieces) and shift (pieces,), such that clamp(x @ scale + shift, 0, 1) is
    how much of each piece lies below x. Pieces run between quantiles, or between all values where
    these are few."""
    rows: list[Tensor] = []
    shifts: list[float] = []
    sample = sample[:: -(-len(sample) // SAMPLE_ROWS)].double().cpu()
    for column, values in enumerate(sample.T):
        edges = torch.unique(values)
        if len(edges) > PIECES + 1:
            edges = torch.quantile(values, torch.linspace(0, 1, PIECES + 1).double())
            edges = torch.unique(edges)
        for low, high in zip(edges.tolist(), edges[1:].tolist(), strict=False):
            row = torch.zeros(sample.shape[1])
            row[column] = 1 / (high - low)
            rows.append(row)
            shifts.append(-low / (high - low))
    if not rows:  # every feature is constant
        return torch.zeros(sample.shape[1], 0), torch.zeros(0)
    return torch.stack(rows, dim=1), torch.tensor(shifts)


class FlatStrong(FlatModel):
    """A `Strong` on flat buffers."""

    def __init__(self, module: Strong, device: torch.device) -> None:
        super().__init__(module.to(device), device)
        start = 0
        for parameter in module.parameters():
            view = slice(start, start := start + parameter.numel())
            self.flat[view] = parameter.detach().reshape(-1)
            parameter.data = self.flat[view].view(parameter.shape)
            parameter.grad = self.grad[view].view(parameter.shape)

    def unscale(self, mean: float, scale: float) -> None:
        last = list(self.module.parameters())[-2:]
        for parameter in last:
            parameter.data.mul_(scale)
        last[1].data.add_(mean)

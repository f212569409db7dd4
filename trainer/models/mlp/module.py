"""The net as an ordinary `nn.Sequential`, its parameters laid out in one flat buffer.

`model.pt` is nevertheless the state_dict of the plain module:

    module = build(features=7, hidden=(64, 32), outputs=1)
    module.load_state_dict(torch.load("model.pt", weights_only=True))
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer.models.interfaces import FlatModel, parameters_in, state_dict_of


def build(
    features: int, hidden: Sequence[int] = (64, 32), outputs: int = 1, dropout: float = 0.0
) -> nn.Sequential:
    """features → hidden… → outputs, a ReLU (and dropout, if any) after each hidden layer.

    Maps float32 (n, features) to logits (n, outputs). Initialised by torch's default for Linear.
    """
    layers: list[nn.Module] = []
    width = features
    for out in hidden:
        layers += [nn.Linear(width, out), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        width = out
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class FlatMlp(FlatModel):
    """A module from `build` on flat buffers.

    Attributes:
        weights: one view of `flat` for each Linear, (in + 1, out): its transposed weight, and its
            bias as the last row, so that a column of ones in the input adds the bias.
        grads: the same views of `grad`.
    """

    def __init__(self, module: nn.Sequential, device: torch.device) -> None:
        super().__init__(parameters_in(module), device)
        self.module = module
        self.weights: list[Tensor] = []
        self.grads: list[Tensor] = []
        start = 0
        for linear in (layer for layer in module if isinstance(layer, nn.Linear)):
            shape = (linear.in_features + 1, linear.out_features)
            end = start + shape[0] * shape[1]
            weight = self.flat[start:end].view(shape)
            grad = self.grad[start:end].view(shape)
            start = end
            weight[:-1].copy_(linear.weight.detach().t())
            weight[-1].copy_(linear.bias.detach())
            linear.weight.data, linear.bias.data = weight[:-1].t(), weight[-1]
            linear.weight.grad, linear.bias.grad = grad[:-1].t(), grad[-1]
            self.weights.append(weight)
            self.grads.append(grad)

    def unscale(self, mean: float, scale: float) -> None:
        last = self.weights[-1]
        last.mul_(scale)
        last[-1].add_(mean)

    def state_dict(self) -> dict[str, Tensor]:
        return state_dict_of(self.module)

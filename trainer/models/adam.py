"""Adam on one flat buffer, without `torch.optim`, whose first use imports the compiler: about a
second, half of a small run.

Kingma & Ba 2015 (https://arxiv.org/abs/1412.6980), with decoupled weight decay (Loshchilov &
Hutter 2019, https://arxiv.org/abs/1711.05101); without decay it is plain Adam.
"""

import torch
from torch import Tensor

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

# The kernel behind torch.optim.AdamW(fused=True): one pass over memory. It is internal to torch
# (2.4 to 2.13 have it); `_plain` does the same in public operations, some 20 µs a step slower.
_fused = getattr(torch, "_fused_adamw_", None)


class Adam:
    """The optimizer's state (mean and mean square of the gradients, steps taken) and its step."""

    def __init__(self, flat: Tensor, gradient: Tensor, weight_decay: float = 0.0) -> None:
        self.flat, self.gradient, self.weight_decay = flat, gradient, weight_decay
        self.mean = torch.zeros_like(flat)
        self.square = torch.zeros_like(flat)
        self.steps = torch.zeros((), device=flat.device)

    def step(self, learning_rate: float) -> None:
        """Moves the parameters one step against `gradient`."""
        self.steps.add_(1)
        if _fused is None:
            self._plain(learning_rate)
            return
        _fused(
            [self.flat],
            [self.gradient],
            [self.mean],
            [self.square],
            [],
            [self.steps],
            lr=learning_rate,
            beta1=BETA1,
            beta2=BETA2,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _plain(self, learning_rate: float) -> None:
        steps = float(self.steps)
        self.flat.mul_(1 - learning_rate * self.weight_decay)
        self.mean.lerp_(self.gradient, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(self.gradient, self.gradient, value=1 - BETA2)
        spread = self.square.div(1 - BETA2**steps).sqrt_().add_(EPSILON)
        self.flat.addcdiv_(self.mean, spread, value=-learning_rate / (1 - BETA1**steps))

"""The gradients of the ensemble written out: the inner loop of its training.

Inputs are encoded rows (n, inputs + 2): after the inputs a column of ones, which makes a bias a row
of its weights, and the number of the part of each row. A member does not learn the rows of the
part that it leaves out, by which it is judged. Activations carry a column of ones too.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.models.ensemble.module import FlatEnsemble
from trainer.tasks.losses import Task

# Activations of one chunk, forward and backward, take about this many bytes: of the order of the
# cache of a core.
CHUNK_BYTES = 4 << 20
CUDA_CHUNK_BYTES = 1 << 30


class EnsembleGradients:
    """See `interfaces.Gradients`. `left_out` are the parts, one for each member, that it does not
    learn, of so many parts `parts`."""

    def __init__(
        self, model: FlatEnsemble, task: Task, left_out: Sequence[int] = (), parts: int = 0
    ) -> None:
        self.model, self.task = model, task
        device = model.flat.device
        self._left_out = torch.tensor(left_out, device=device).view(-1, 1) if left_out else None
        self._weight = parts / (parts - 1) if parts else 1.0
        self._widths = [weight.shape[2] for weight in model.weights]
        row_bytes = 8 * model.members * sum(width + 1 for width in self._widths)
        chunk_bytes = CUDA_CHUNK_BYTES if device.type == "cuda" else CHUNK_BYTES
        self.chunk = max(512, chunk_bytes // row_bytes)
        self._rows = -1
        self._first = model.weights[0] if model.factors is None else model.weights[0].clone()
        self._first_grad = None if model.factors is None else torch.empty_like(self._first)

    def member_logits(self, x: Tensor) -> Tensor:
        """The logits of each member, (members, n, outputs); valid until the next call."""
        self._factor()
        return self._forward(x)

    def logits(self, x: Tensor) -> Tensor:
        return self.member_logits(x).mean(dim=0)

    def add(self, x: Tensor, y: Tensor, first: bool) -> Tensor:
        model = self.model
        if first:
            model.grad.zero_()
        if not len(x):  # a process whose share of a last batch is empty
            return x.new_empty(0, self._widths[-1])
        self._factor()
        logits = self._forward(x)
        outputs = self._widths[-1]
        repeated = y.repeat(model.members, *(1,) * (y.dim() - 1))
        delta = self._delta
        self.task.grad(logits.view(-1, outputs), repeated, out=delta.view(-1, outputs))
        if self._left_out is not None:
            learns = x[:, -1] != self._left_out
            delta.mul_((learns * self._weight).unsqueeze(-1))
        for i in range(len(model.weights) - 1, 0, -1):
            active, below = self._active[i - 1], self._deltas[i - 1]
            for m in range(model.members):
                model.grads[i][m].addmm_(active[m].t(), delta[m])
                torch.mm(delta[m], model.weights[i][m].t(), out=below[m])
            # ReLU's own backward: one call, and no mask in memory. The column of ones has a
            # gradient too, which is dropped.
            torch.ops.aten.threshold_backward.grad_input(below, active, 0, grad_input=below)
            delta = below[..., :-1]
        rows = x[:, :-1].t()
        for m in range(model.members):
            if self._first_grad is None:
                model.grads[0][m].addmm_(rows, delta[m])
            else:
                torch.mm(rows, delta[m], out=self._first_grad[m])
        self._unfactor()
        return logits.mean(dim=0)

    def _factor(self) -> None:
        """The first layer's weights times their factors."""
        if (factors := self.model.factors_of_inputs()) is not None:
            torch.mul(self.model.weights[0], factors, out=self._first)

    def _unfactor(self) -> None:
        """Adds the gradient of that product to those of the weights and of the factors."""
        model, grad = self.model, self._first_grad
        if (factors := model.factors_of_inputs()) is None or grad is None:
            return
        model.grads[0].addcmul_(grad, factors)
        of_inputs = grad.mul_(model.weights[0])[:, :-1].sum(dim=-1)
        if model.group is None:
            model.factor_grads.add_(of_inputs)
        else:
            model.factor_grads.index_add_(1, model.group, of_inputs)

    def _forward(self, x: Tensor) -> Tensor:
        if len(x) != self._rows:
            self._make_buffers(len(x))
        rows = x[:, :-1]
        for m in range(self.model.members):
            inputs, weight = rows, self._first[m]
            for active, following in zip(self._active, self.model.weights[1:], strict=True):
                torch.mm(inputs, weight, out=active[m, :, :-1])
                inputs, weight = active[m].relu_(), following[m]
            torch.mm(inputs, weight, out=self._logits[m])
        return self._logits

    def _make_buffers(self, rows: int) -> None:
        new, members = self.model.flat.new_ones, self.model.members
        self._rows = rows
        self._active = [new(members, rows, width + 1) for width in self._widths[:-1]]
        self._deltas = [new(members, rows, width + 1) for width in self._widths[:-1]]
        self._logits = new(members, rows, self._widths[-1])
        self._delta = new(members, rows, self._widths[-1])

"""The gradients of the MLP written out: the inner loop of training.

For the small nets of tabular data most of a step is overhead, autograd's first of all. Written
out, a step of the reference notebook's net takes about a third of its time; walking the rows in
chunks that stay in the cache makes a full-batch step several times faster (see `make bench`).

Inputs carry a last column of ones, and so do the activations here, so that a bias is a row of its
weight matrix and needs no call of its own.
"""

import torch
from torch import Tensor

from trainer.models.mlp.module import FlatMlp
from trainer.tasks.losses import Task

# Activations of one chunk, forward and backward, take about this many bytes: of the order of the
# cache of a core. Between 1 and 8 MB the speed is flat.
CHUNK_BYTES = 4 << 20
CUDA_CHUNK_BYTES = 1 << 30


class MlpGradients:
    """See `interfaces.Gradients`."""

    def __init__(self, model: FlatMlp, task: Task) -> None:
        self.model, self.task = model, task
        device = model.flat.device
        widths = [weight.shape[1] for weight in model.weights]
        row_bytes = 4 * sum(2 * (width + 1) for width in widths)
        self.chunk = max(1024, CHUNK_BYTES // row_bytes)
        if device.type == "cuda":
            # A GPU is filled by rows, not by its cache; a wide net must still fit its memory.
            self.chunk = max(1024, min(1 << 20, CUDA_CHUNK_BYTES // row_bytes))
        self._rows = 0
        self._widths = widths
        self._views: dict[int, tuple[list[Tensor], list[Tensor], Tensor, Tensor]] = {}

    def logits(self, x: Tensor) -> Tensor:
        activations, _, logits, _ = self._buffers(len(x))
        return self._forward(x, activations, logits)

    def add(self, x: Tensor, y: Tensor, first: bool) -> Tensor:
        if not len(x):  # a process whose share of a last batch is empty
            if first:
                self.model.grad.zero_()
            return x.new_empty(0, self._widths[-1])
        activations, deltas, logits, grad = self._buffers(len(x))
        self._forward(x, activations, logits)
        delta = self.task.grad(logits, y, out=grad)
        keep = 0 if first else 1
        weights, grads = self.model.weights, self.model.grads
        for i in range(len(weights) - 1, 0, -1):
            active, out = activations[i - 1], deltas[i - 1]
            grads[i].addmm_(active.t(), delta, beta=keep)
            torch.mm(delta, weights[i].t(), out=out)
            # ReLU's own backward: one call, and no mask in memory. The column of ones has a
            # gradient too, which is dropped.
            torch.ops.aten.threshold_backward.grad_input(out, active, 0, grad_input=out)
            delta = out[:, :-1]
        grads[0].addmm_(x.t(), delta, beta=keep)
        return logits

    def _forward(self, x: Tensor, activations: list[Tensor], logits: Tensor) -> Tensor:
        for weight, active in zip(self.model.weights, activations, strict=False):
            torch.mm(x, weight, out=active[:, :-1])
            x = active.relu_()  # the ones stay ones
        return torch.mm(x, self.model.weights[-1], out=logits)

    def _buffers(self, rows: int) -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
        """Scratch space for `rows` rows: views of buffers that grow to the largest chunk."""
        if rows > self._rows:
            self._rows, self._views = rows, {}
            new = self.model.flat.new_ones
            self._largest = (
                [new(rows, width + 1) for width in self._widths[:-1]],
                [new(rows, width + 1) for width in self._widths[:-1]],
                new(rows, self._widths[-1]),
                new(rows, self._widths[-1]),
            )
        if rows not in self._views:
            activations, deltas, logits, grad = self._largest
            self._views[rows] = (
                [buffer[:rows] for buffer in activations],
                [buffer[:rows] for buffer in deltas],
                logits[:rows],
                grad[:rows],
            )
        return self._views[rows]


class AutogradGradients(MlpGradients):
    """The same through autograd, for what is not written out: dropout."""

    def add(self, x: Tensor, y: Tensor, first: bool) -> Tensor:
        if first:
            self.model.grad.zero_()
        logits: Tensor = self.model.module(x[:, :-1])
        grad = self.task.grad(logits.detach(), y, out=torch.empty_like(logits))
        torch.autograd.backward(logits, grad)
        return logits.detach()

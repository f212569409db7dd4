"""The gradients of the ensemble, through autograd."""

import torch
from torch import Tensor

from trainer.models.mlp.gradients import CHUNK_BYTES, CUDA_CHUNK_BYTES
from trainer.models.strong.module import FlatStrong
from trainer.tasks.losses import Task


class StrongGradients:
    """Each member's gradient is that of its own loss; the logits are the members' mean. See
    `interfaces.Gradients`."""

    def __init__(self, model: FlatStrong, task: Task) -> None:
        self.model, self.task = model, task
        row_bytes = 8 * sum(p.shape[0] * p.shape[2] for p in model.module.parameters())
        of = CUDA_CHUNK_BYTES if model.flat.device.type == "cuda" else CHUNK_BYTES
        self.chunk = max(1024, of // row_bytes)

    def logits(self, x: Tensor) -> Tensor:
        self.model.module.eval()
        with torch.no_grad():
            logits: Tensor = self.model.module(x[:, :-1]).mean(dim=0)
        self.model.module.train()
        return logits

    def add(self, x: Tensor, y: Tensor, first: bool) -> Tensor:
        if first:
            self.model.grad.zero_()
        logits: Tensor = self.model.module(x[:, :-1])
        grads = [self.task.grad(one, y, out=torch.empty_like(one)) for one in logits.detach()]
        torch.autograd.backward(logits, torch.stack(grads))
        return logits.detach().mean(dim=0)

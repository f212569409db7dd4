"""The ensemble as training takes it."""

from collections.abc import Iterable

import torch
from torch import Tensor

from trainer.models.interfaces import Architecture, FlatModel, Gradients
from trainer.models.strong.gradients import StrongGradients
from trainer.models.strong.module import FlatStrong, Strong
from trainer.tasks.losses import Task


def make_model(
    shape: Architecture,
    task: Task,
    features: int,
    sample: Iterable[Tensor],
    device: torch.device,
) -> tuple[FlatModel, Gradients]:
    """See `interfaces.MakeModel`."""
    rows = next(iter(sample))
    model = FlatStrong(Strong(rows, shape.hidden_layers, task.outputs, shape.dropout), device)
    return model, StrongGradients(model, task)

"""The net as training takes it."""

from collections.abc import Iterable

import torch
from torch import Tensor

from trainer.models.interfaces import Architecture, FlatModel, Gradients
from trainer.models.mlp.gradients import AutogradGradients, MlpGradients
from trainer.models.mlp.module import FlatMlp, build
from trainer.tasks.losses import Task


def make_model(
    shape: Architecture,
    task: Task,
    features: int,
    sample: Iterable[Tensor],
    device: torch.device,
) -> tuple[FlatModel, Gradients]:
    """See `interfaces.MakeModel`."""
    model = FlatMlp(build(features, shape.hidden_layers, task.outputs, shape.dropout), device)
    return model, (AutogradGradients if shape.dropout else MlpGradients)(model, task)

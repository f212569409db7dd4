"""The net as training takes it."""

import torch

from trainer.models.interfaces import Architecture, FlatModel, Gradients
from trainer.models.mlp.gradients import AutogradGradients, MlpGradients
from trainer.models.mlp.module import FlatMlp, build
from trainer.tasks.losses import Task


def make_model(
    shape: Architecture, task: Task, features: int, device: torch.device
) -> tuple[FlatModel, Gradients]:
    """See `interfaces.MakeModel`."""
    hidden = shape.hidden_layers or ()
    model = FlatMlp(build(features, hidden, task.outputs, shape.dropout), device)
    return model, (AutogradGradients if shape.dropout else MlpGradients)(model, task)

"""The net as training takes it."""

from collections.abc import Iterable

import torch
from torch import Tensor

from trainer.config import Config
from trainer.models.interfaces import FlatModel, Gradients
from trainer.models.mlp.gradients import AutogradGradients, MlpGradients
from trainer.models.mlp.module import FlatMlp, build
from trainer.tasks import Task


def make_model(
    config: Config, task: Task, features: int, sample: Iterable[Tensor], device: torch.device
) -> tuple[FlatModel, Gradients]:
    """See `interfaces.MakeModel`."""
    model = FlatMlp(build(features, config.hidden_layers, task.outputs, config.dropout), device)
    return model, (AutogradGradients if config.dropout else MlpGradients)(model, task)

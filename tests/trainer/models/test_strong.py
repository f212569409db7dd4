"""The strong recipe's model against its definition, and the rule of its settings."""

import copy

import pytest
import torch

from trainer.config import Config
from trainer.models.strong.gradients import StrongGradients
from trainer.models.strong.module import FlatStrong, Strong
from trainer.tasks.losses import Binary, Multiclass, Regression, Task

CPU = torch.device("cpu")


def test_a_column_of_few_values_has_a_piece_between_each_two() -> None:
    sample = torch.tensor([[0.0, 5.0], [1.0, 5.0], [3.0, 5.0]])
    model = Strong(sample, (4,), 1)
    x = torch.tensor([[-9.0, 5.0], [0.5, 5.0], [2.0, 5.0], [9.0, 5.0]])
    pieces = torch.addmm(model.shift, x, model.scale).clamp(0, 1)
    assert pieces.tolist() == [[0, 0], [0.5, 0], [1, 0.5], [1, 1]]


@pytest.mark.parametrize("task", [Binary(), Multiclass(outputs=3), Regression()])
def test_each_members_gradient_is_of_its_own_loss(task: Task) -> None:
    torch.manual_seed(1)
    x, y = torch.randn(40, 5), torch.randint(0, 2, (40,))
    targets = y if isinstance(task, Multiclass) else y.float().unsqueeze(1)
    module = Strong(x, (8, 4), task.outputs)
    reference = copy.deepcopy(module)
    torch.stack([task.loss(logits, targets) for logits in reference(x)]).sum().backward()
    model = FlatStrong(module, CPU)
    engine = StrongGradients(model, task)
    logits = engine.add(torch.cat([x, torch.ones(40, 1)], dim=1), targets, first=True)
    expected = torch.cat([p.grad.reshape(-1) for p in reference.parameters() if p.grad is not None])
    torch.testing.assert_close(model.grad, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits, reference(x).mean(dim=0).detach())


def test_the_recipe_sets_what_is_left_at_its_default() -> None:
    strong = Config.create(train="t", val="v", recipe="strong", learning_rate=0.5)
    plain = Config.create(train="t", val="v")
    assert strong.learning_rate == 0.5
    assert strong.l2 > plain.l2 == 0
    assert plain.selects and not strong.selects

"""The model's flat layout, its written-out gradients against autograd, and Adam against torch's."""

from pathlib import Path

import pytest
import torch

from trainer.models import adam
from trainer.models.adam import Adam
from trainer.models.mlp.gradients import AutogradGradients, MlpGradients
from trainer.models.mlp.module import FlatMlp, build
from trainer.tasks.losses import Binary, Multiclass, Regression, Task

CPU = torch.device("cpu")
TASKS = [
    Binary(),
    Binary(class_weights=torch.tensor([0.5, 2.0])),
    Multiclass(outputs=4),
    Multiclass(outputs=4, class_weights=torch.tensor([1.0, 0.5, 2.0, 3.0])),
    Regression(),
]


def example(task: Task, rows: int = 50) -> tuple[FlatMlp, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    x = torch.cat([torch.randn(rows, 5), torch.ones(rows, 1)], dim=1)
    y = torch.randn(rows, 1)
    if isinstance(task, Binary):
        y = (y > 0).float()
    elif isinstance(task, Multiclass):
        y = torch.randint(4, (rows,))
    return FlatMlp(build(5, (16, 8), task.outputs), CPU), x, y


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind.name)
def test_written_out_gradients_are_autograds(task: Task) -> None:
    model, x, y = example(task)
    plain = build(5, (16, 8), task.outputs)
    plain.load_state_dict(model.state_dict())
    logits = plain(x[:, :-1])
    task.loss(logits, y).backward()

    written = MlpGradients(model, task)
    torch.testing.assert_close(written.logits(x), logits, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(written.add(x, y, first=True), logits, rtol=1e-6, atol=1e-6)
    for ours, theirs in zip(model.module.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None and theirs.grad is not None
        torch.testing.assert_close(ours.grad / len(x), theirs.grad / len(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("engine", [MlpGradients, AutogradGradients])
def test_gradients_of_chunks_add_up(engine: type[MlpGradients]) -> None:
    model, x, y = example(Binary())
    gradients = engine(model, Binary())
    gradients.add(x, y, first=True)
    whole = model.grad.clone()
    for start in (0, 20, 20, 40):
        size = 0 if start == 40 else 20
        gradients.add(x[start : start + size], y[start : start + size], first=start == 0)
    gradients.add(x[40:], y[40:], first=False)
    assert not torch.allclose(model.grad, whole)  # rows 20 to 40 were added twice
    gradients.add(x[:20], y[:20], first=True)
    gradients.add(x[20:], y[20:], first=False)
    torch.testing.assert_close(model.grad, whole)


def test_initial_weights_are_those_of_the_reference_notebooks_module() -> None:
    torch.manual_seed(42)
    notebook = torch.nn.Sequential(
        torch.nn.Linear(7, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 1),
    )
    torch.manual_seed(42)
    ours = FlatMlp(build(7), CPU).state_dict()
    assert ours.keys() == notebook.state_dict().keys()
    assert all(torch.equal(ours[name], value) for name, value in notebook.state_dict().items())


def test_the_saved_model_is_an_ordinary_one(tmp_path: Path) -> None:
    model, x, _ = example(Binary())
    torch.save(model.state_dict(), tmp_path / "model.pt")
    module = build(5, (16, 8))
    module.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    logits = MlpGradients(model, Binary()).logits(x)
    torch.testing.assert_close(module(x[:, :-1]), logits, rtol=1e-6, atol=1e-6)
    assert all(value.is_contiguous() for value in model.state_dict().values())


def test_a_regressions_units_go_into_the_last_layer() -> None:
    model, x, _ = example(Regression())
    before = MlpGradients(model, Regression()).logits(x).clone()
    model.unscale(mean=100.0, scale=10.0)
    torch.testing.assert_close(model.module(x[:, :-1]), before * 10 + 100)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_is_torchs(fused: bool, weight_decay: float, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fused:
        monkeypatch.setattr(adam, "_fused", None)
    torch.manual_seed(0)
    flat, gradient = torch.randn(50), torch.zeros(50)
    theirs = flat.clone().requires_grad_()
    ours = Adam(flat, gradient, weight_decay)
    reference = torch.optim.AdamW([theirs], lr=0.01, weight_decay=weight_decay)
    for _ in range(20):
        gradient.copy_(torch.randn(50))
        theirs.grad = gradient.clone()
        ours.step(0.01)
        reference.step()
    torch.testing.assert_close(flat, theirs.detach(), rtol=1e-6, atol=1e-6)

"""The ensemble: its inputs, and its gradients against autograd."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainer.data.encoded import encode_rows
from trainer.models.ensemble.encoding import Column, Encoding, columns_of, learn_encoding
from trainer.models.ensemble.gradients import EnsembleGradients
from trainer.models.ensemble.module import FlatEnsemble
from trainer.tasks.losses import Binary, Multiclass, Regression, Task

Array = NDArray[Any]
RANDOM = np.random.default_rng(0)
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Shape:
    hidden_layers: tuple[int, ...] = (8, 5)
    members: int = 2
    input_factor: str = "input"
    l2: float = 4.0
    factor_l2: float = 8.0
    deep_l2: float = 2.0


def levels(counts: list[int]) -> Array:
    """Standardised codes of a category, of so many rows each, as features (n, 1)."""
    codes = np.repeat(np.arange(len(counts)), counts).astype(float)
    standardised: Array = ((codes - codes.mean()) / codes.std()).astype(np.float32)
    return standardised[:, None]


def codes_of(counts: list[int]) -> tuple[float, float]:
    codes = np.repeat(np.arange(len(counts)), counts).astype(float)
    return float(codes.mean()), float(codes.std())


def test_a_number_is_cut_into_pieces_between_quantiles() -> None:
    x = np.arange(101, dtype=np.float32)[:, None]
    inputs = learn_encoding(x, [Column((0,))], pieces=4)(x)
    assert inputs.shape == (101, 5)
    np.testing.assert_allclose(inputs[[0, 25, 50, 75, 100], 1:].sum(axis=1), [0, 1, 2, 3, 4])
    assert abs(inputs[:, 0].mean()) < 1e-6 and inputs[:, 0].max() < 3


def test_a_number_far_from_training_moves_no_input_far() -> None:
    x = RANDOM.normal(size=(100, 1)).astype(np.float32)
    for pieces in (0, 8):
        encode = learn_encoding(x, [Column((0,))], pieces)
        far = encode(np.array([[1e30], [-1e30]], np.float32))
        near = encode(np.array([[x.max()], [x.min()]], np.float32))
        np.testing.assert_allclose(far, near, rtol=1e-5)


@pytest.mark.parametrize(
    ("counts", "inputs"),
    [
        ([5, 5], 1),  # two levels are one input
        ([50, 1, 3], 3),
        ([10] * 16 + [4], 16),  # of more than 16, only those of 5 rows or more
        ([10] * 300, 256),
    ],
)
def test_levels_are_0_or_1_whatever_their_frequency(counts: list[int], inputs: int) -> None:
    x = levels(counts)
    encoded = learn_encoding(x, [Column((0,), codes_of(counts))], pieces=4)(x)
    assert encoded.shape[1] == inputs
    assert set(np.unique(encoded)) <= {0.0, 1.0}
    assert (encoded.sum(axis=1) <= 1).all()


def test_an_unseen_level_has_no_input() -> None:
    counts = [5, 6, 7]
    mean, std = codes_of(counts)
    encode = learn_encoding(levels(counts), [Column((0,), (mean, std))], pieces=4)
    assert not encode(np.array([[(3 - mean) / std]], np.float32)).any()


def test_two_values_are_0_and_1_and_a_constant_is_no_input() -> None:
    x = np.array([[-0.05, 7], [-0.05, 7], [19.9, 7]], np.float32)
    encoding = learn_encoding(x, [Column((0,)), Column((1,))], pieces=4)
    np.testing.assert_array_equal(encoding(x), [[0], [0], [1]])


def test_the_columns_of_a_spec() -> None:
    def column(
        outputs: list[str], encoding: str = "ordinal", kind: str = "categorical"
    ) -> dict[str, Any]:
        return {
            "outputs": outputs,
            "encoding": encoding,
            "kind": kind,
            "mean": [1.5] * len(outputs),
            "std": [0.5] * len(outputs),
        }

    spec = {
        "columns": [column(["a"]), column(["b.x", "b.y"], "onehot"), column(["c"], kind="numeric")]
    }
    assert columns_of(spec, 4) == [Column((0,), (1.5, 0.5)), Column((1, 2)), Column((3,))]
    assert columns_of({}, 2) == [Column((0,)), Column((1,))]


@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_an_encoding_is_as_it_was_after_a_round_trip(pieces: int, width: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 5, (30, width)).astype(np.float32)
    encoding = learn_encoding(x, [Column((i,)) for i in range(width)], pieces)
    again = Encoding.from_arrays(encoding.to_arrays())
    np.testing.assert_array_equal(encoding(x), again(x))
    assert np.isfinite(encoding(x)).all()


@pytest.mark.parametrize("task", [Binary(), Multiclass(outputs=3), Regression()])
@pytest.mark.parametrize("factor", ["none", "input", "column"])
@pytest.mark.parametrize("hidden", [(), (8, 5)])
def test_gradients_are_those_of_autograd(task: Task, factor: str, hidden: tuple[int, ...]) -> None:
    """Of rows that a member leaves out there are none."""
    features = RANDOM.normal(size=(60, 3)).astype(np.float32)
    encoding = learn_encoding(features, [Column((0, 1)), Column((2,))], pieces=4)
    torch.manual_seed(1)
    model = FlatEnsemble(encoding, Shape(hidden, input_factor=factor), task.outputs, CPU)
    if model.factors is not None:
        model.factors.uniform_(0.5, 1.5)
    gradients = EnsembleGradients(model, task, (0, 2), 5)
    part = RANDOM.integers(0, 5, 60)
    ones = torch.ones(60, 1)
    x = encode_rows(encoding, torch.cat([torch.from_numpy(features), ones], 1), part)
    y = task.targets(RANDOM.integers(0, task.outputs if task.outputs > 1 else 2, 60).astype(float))
    gradients.add(x[:40], y[:40], first=True)
    gradients.add(x[40:], y[40:], first=False)

    weights = [weight.clone().requires_grad_() for weight in model.weights]
    factors = None if model.factors is None else model.factors.clone().requires_grad_()
    first = weights[0]
    if factors is not None:
        spread = factors if model.group is None else factors[:, model.group]
        first = first * torch.cat([spread, torch.ones(2, 1)], 1).unsqueeze(-1)
    out = x[:, :-1].expand(2, -1, -1)
    for number, weight in enumerate([first, *weights[1:]]):
        if number:
            out = torch.cat([out.relu(), torch.ones(2, 60, 1)], dim=2)
        out = out @ weight
    total = torch.zeros(())
    for member, left_out in enumerate((0, 2)):
        rows = torch.from_numpy(part != left_out)
        total = total + 1.25 * task.loss(out[member][rows], y[rows])
    total.backward()
    expected = [weight.grad for weight in weights] + ([factors.grad] if factors is not None else [])
    flat = torch.cat([each.reshape(-1) for each in expected if each is not None])
    torch.testing.assert_close(model.grad, flat, rtol=1e-3, atol=1e-4)


def test_the_penalty_of_each_kind_of_weight() -> None:
    x = RANDOM.normal(size=(20, 2)).astype(np.float32)
    encoding = learn_encoding(x, [Column((0,)), Column((1,))], pieces=2)
    model = FlatEnsemble(encoding, Shape(), 1, CPU)
    assert model.penalty is not None
    assert sorted(set(model.penalty.tolist())) == [2.0, 4.0, 8.0]
    deep = 2 * (8 * 5 + 5 * 1)
    assert (model.penalty == 2.0).sum() == deep
    assert (model.penalty == 8.0).sum() == 2 * len(encoding.source)


def test_the_module_computes_what_the_trained_members_do() -> None:
    features = RANDOM.normal(size=(30, 3)).astype(np.float32)
    encoding = learn_encoding(features, [Column((i,)) for i in range(3)], pieces=3)
    for factor in ("none", "input", "column"):
        model = FlatEnsemble(encoding, dataclasses.replace(Shape(), input_factor=factor), 1, CPU)
        if model.factors is not None:
            model.factors.uniform_(0.5, 1.5)
        rows = torch.cat([torch.from_numpy(features), torch.ones(30, 1)], dim=1)
        trained = EnsembleGradients(model, Binary()).logits(encode_rows(encoding, rows))
        torch.testing.assert_close(model.to_module()(torch.from_numpy(features)), trained)

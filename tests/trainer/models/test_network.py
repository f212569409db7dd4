"""The trained network in numpy, against torch, and what it refuses."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainer.errors import TabularError
from trainer.models import FAMILIES
from trainer.models.blend.module import Blend
from trainer.models.ensemble.encoding import Column, learn_encoding
from trainer.models.ensemble.module import Ensemble
from trainer.models.mlp.module import build
from trainer.models.network import Network

X = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))


def layers(inputs: int, hidden: tuple[int, ...], outputs: int) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of two members."""
    widths = [inputs, *hidden, outputs]
    return [
        (torch.randn(2, a, b), torch.randn(2, 1, b))
        for a, b in zip(widths, widths[1:], strict=False)
    ]


def saved(module: torch.nn.Module, path: Path) -> Path:
    np.savez(path, **{name: value.numpy() for name, value in module.state_dict().items()})
    return path


@pytest.mark.parametrize("hidden", [(), (8,), (8, 3)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_it_computes_what_torch_does(tmp_path: Path, hidden: tuple[int, ...], outputs: int) -> None:
    columns = [Column((0, 1)), Column((2,)), Column((3,))]
    ensembles = [
        Ensemble(encoding, layers(len(encoding.source), hidden, outputs))
        for encoding in (learn_encoding(X.numpy(), columns, pieces) for pieces in (0, 5))
    ]
    link = "sigmoid" if outputs == 1 else "softmax"
    for family, module in (
        ("mlp", build(4, hidden, outputs, dropout=0.3)),
        ("blend", Blend(link, [0.25, 0.75], ensembles)),
        ("blend", Blend("identity", [0.25, 0.75], ensembles)),
    ):
        network = Network(saved(module, tmp_path / "weights.npz"), family)
        expected = module.eval()(X).detach()
        np.testing.assert_allclose(network(X.numpy()), expected.numpy(), rtol=1e-4, atol=1e-6)
        assert network.parameters == sum(value.numel() for value in module.state_dict().values())


def test_a_family_of_a_later_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(TabularError, match=f"one of {', '.join(FAMILIES)}, got forest"):
        Network(tmp_path / "weights.npz", "forest")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", weight=np.array([{}], dtype=object))
    with pytest.raises(TabularError, match="must be a model's weights, got an array of objects"):
        Network(tmp_path / "weights.npz", "mlp")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps([1]), b"x" * 99])
def test_a_damaged_file_is_one_line(tmp_path: Path, family: str, content: bytes) -> None:
    (tmp_path / "weights.npz").write_bytes(content)
    with pytest.raises(TabularError, match="weights.npz must be a model's weights, got"):
        Network(tmp_path / "weights.npz", family)


@pytest.mark.parametrize("bit", range(8))
def test_any_damage_to_the_zips_own_bytes_is_one_line(tmp_path: Path, bit: int) -> None:
    """zipfile and numpy raise a dozen kinds of exception."""
    path = saved(build(4, (8,), 1), tmp_path / "weights.npz")
    whole = path.read_bytes()
    for place in [*range(200), *range(len(whole) - 300, len(whole))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            Network(path, "mlp")  # some bytes, as of a date, tell nothing
        except TabularError as error:
            assert "weights.npz must be a model's weights, got" in str(error)
            assert "\n" not in str(error)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "weights.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(TabularError, match="must be a model's weights"):
        Network(tmp_path / "weights.npz", "mlp")


@pytest.mark.parametrize(
    "changed",
    [
        {"0.weight": np.ones((8, 5), np.float32)},
        {"0.weight": np.ones(4, np.float32)},
        {"0.bias": np.ones(3, np.float32)},
        {"3.weight": np.ones((1, 9), np.float32)},
        {"0.weight": np.full((8, 4), np.nan, np.float32)},
        {"0.weight": np.ones((8, 4), np.int64)},
        {"0.weight": np.full((8, 4), "1")},
    ],
    ids=str,
)
def test_weights_that_do_not_fit_are_one_line(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = saved(build(4, (8,), 1, dropout=0.1), tmp_path / "weights.npz")
    with np.load(path) as arrays:
        np.savez(path, **{**arrays, **changed})
    with pytest.raises(TabularError, match="weights.npz must (be|hold) .*weights") as caught:
        Network(path, "mlp")(X.numpy())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_other_arrays_are_refused(tmp_path: Path, family: str) -> None:
    for arrays in ({}, {"y": np.zeros(3)}, {"0.weight": np.zeros((1, 4))}):
        np.savez(tmp_path / "weights.npz", **arrays)
        with pytest.raises(TabularError, match="must be a model's weights"):
            Network(tmp_path / "weights.npz", family)

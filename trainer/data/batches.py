"""How rows become blocks of batches, and in which order.

Rows are shuffled once an epoch and a block gathered at a time; batches are views of a block, which
is many times faster than gathering row by row. The order depends on the seed and the epoch alone:
nothing needs saving to continue it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

# Rows gathered at a time: much less memory than a shuffled copy, hardly more calls.
BLOCK_ROWS = 1 << 16


def derive_seed(*numbers: int) -> int:
    """A 63-bit seed from several numbers, such as (seed, epoch); the same on every machine."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def permutation(rows: int, device: torch.device, *seeds: int) -> Tensor:
    """The numbers 0 … rows - 1 in an order that `seeds` fix."""
    generator = torch.Generator(device).manual_seed(derive_seed(*seeds))
    return torch.randperm(rows, generator=generator, device=device)


def take_rows(x: Tensor, index: Tensor, out: Tensor | None = None) -> Tensor:
    """The rows `index` of `x`, in `out` if given. On the CPU by numpy, which takes half the time of
    `index_select`, into memory of torch's, which is aligned the same way in every run."""
    if out is None:
        out = x.new_empty((len(index), *x.shape[1:]))
    if x.is_cuda:
        return torch.index_select(x, 0, index, out=out)
    np.take(x.numpy(), index.numpy(), axis=0, out=out.numpy(), mode="clip")
    return out


class Block(NamedTuple):
    """Rows of consecutive batches, or of a part of one batch: `sizes` of them each, 0 where this
    process has none.

    x: float32 (rows, features + 1), the last column ones. y: as `Task.targets` gives it.
    complete: False when the batch goes on in the next block.
    number: of the first batch, from 1.
    """

    x: Tensor
    y: Tensor
    sizes: list[int]
    complete: bool
    number: int


class Dataset(Protocol):
    """Rows, in memory or not; `features` counts those that a model sees."""

    rows: int
    features: int

    def blocks(self, plan: "BatchPlan", epoch: int, start: int = 0) -> Iterator[Block]:
        """This process's rows of each batch of an epoch, from block number `start` on."""
        ...

    def parts(self, plan: "BatchPlan") -> Iterator[tuple[Tensor, Tensor]]:
        """This process's share of the rows, in their own order and in as many parts as every
        process has."""
        ...


@dataclass(frozen=True)
class BatchPlan:
    """How rows become batches: `batch_size` rows a step over all `size` processes; 0 is all. Each
    process takes at most `block_rows` between one look-up and the next."""

    batch_size: int
    block_rows: int = BLOCK_ROWS
    seed: int = 42
    rank: int = 0
    size: int = 1

    def share(self, rows: int) -> tuple[int, int]:
        """The first row and the end of this process's share of `rows` consecutive ones."""
        return self.rank * rows // self.size, (self.rank + 1) * rows // self.size

    def spans(self, rows: int) -> list[tuple[int, int]]:
        """This process's share in spans of at most `block_rows`, as many as every process has."""
        first, end = self.share(rows)
        starts = range(first, first + -(-rows // self.size), self.block_rows)
        return [(min(i, end), min(i + self.block_rows, end)) for i in starts]

    @property
    def batches_a_block(self) -> int:
        return max(1, self.block_rows // self.batch_size) if self.batch_size else 1

"""A dataset whose features are encoded as an ensemble's inputs."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.batches import BatchPlan, Block, Dataset
from trainer.data.memory import InMemoryDataset
from trainer.models.ensemble.encoding import Encoding

MOST_BYTES = 256 << 20  # of encoded rows in memory; of more, they are encoded anew in each epoch
NO_PART = -1.0


def encode_rows(encoding: Encoding, x: Tensor, part: NDArray[np.int64] | None = None) -> Tensor:
    """Rows (n, features + 1), the last column ones, as inputs, ones, and the number of each row's
    part: float32 (n, inputs + 2)."""
    inputs = encoding(x[:, :-1].numpy(force=True))
    out = torch.empty(len(x), inputs.shape[1] + 2)
    out[:, :-2] = torch.from_numpy(inputs)
    out[:, -2] = 1.0
    out[:, -1] = NO_PART if part is None else torch.from_numpy(part)
    return out.to(x.device)


class EncodedDataset:
    """Rows that are encoded when they are asked for."""

    def __init__(self, source: Dataset, encoding: Encoding) -> None:
        self._source, self._encoding = source, encoding
        self.rows, self.features = source.rows, len(encoding.source) + 1

    def blocks(self, plan: BatchPlan, epoch: int, start: int = 0) -> Iterator[Block]:
        """See `Dataset`."""
        for block in self._source.blocks(plan, epoch, start):
            yield block._replace(x=encode_rows(self._encoding, block.x))

    def parts(self, plan: BatchPlan) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Dataset`."""
        for x, y in self._source.parts(plan):
            yield encode_rows(self._encoding, x), y


def encoded(source: Dataset, encoding: Encoding) -> Dataset:
    """The rows of `source`, encoded once where that fits in memory."""
    fits = 4 * source.rows * len(encoding.source) <= MOST_BYTES
    if isinstance(source, InMemoryDataset) and fits:
        return InMemoryDataset(encode_rows(encoding, source.x), source.y)
    return EncodedDataset(source, encoding)

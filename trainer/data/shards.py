"""A dataset in shards: one is in use while the next is read, so that memory stays flat in their
number.

Streamed rows are in memory that is taken once an epoch and used again for each shard and block, so
they hold until the next are asked for. Memory taken and given back by the shard would leave gaps
that the next shard, or a block of another length, does not fit: the process would grow for as long
as shards follow, by a fifth in 64 of them.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from trainer.data.arrays import convert, read_arrays
from trainer.data.batches import BatchPlan, Block, permutation, take_rows
from trainer.errors import InputError
from trainer.tasks.losses import Task


class Shard(NamedTuple):
    """A file, and the names of its arrays of features and targets."""

    path: Path
    keys: tuple[str, str]


class ShardedDataset:
    """Rows in several files: one shard is read at a time, the next one in another thread."""

    def __init__(self, files: Sequence[Shard], task: Task, device: torch.device) -> None:
        self.files, self.task, self.device = files, task, device
        self.counts = [len(read_arrays(*file, only_y=True)[1]) for file in files]
        self.rows = sum(self.counts)
        self.features = read_arrays(*files[0])[0].shape[1]

    def blocks(self, plan: BatchPlan, epoch: int, start: int = 0) -> Iterator[Block]:
        """As of any `Dataset`, of this process's own shards. Every process gives as many
        batches, so that none waits for another's; those that run out give empty ones.

        Blocks before `start` are read and passed over.
        """
        order = permutation(len(self.files), torch.device("cpu"), plan.seed, epoch).tolist()
        batch = max(1, plan.batch_size // plan.size) if plan.batch_size else plan.block_rows
        rows = [sum(self.counts[i] for i in order[r :: plan.size]) for r in range(plan.size)]
        batches = max(-(-count // batch) for count in rows)
        own = order[plan.rank :: plan.size]
        shuffled = self._shuffled(own, plan, epoch, plan.batches_a_block * batch)
        for first in range(0, batches, plan.batches_a_block):
            x, y = next(shuffled, None) or self._memory(0, self.device)
            last = first + plan.batches_a_block >= batches
            if (most := plan.block_rows) < batch:  # one batch, in several blocks
                blocks = [
                    Block(x[i:end], y[i:end], [len(x[i:end])], end >= batch, first + 1)
                    for i, end in ((i, i + most) for i in range(0, batch, most))
                ]
            else:
                left, sizes = len(x), []
                for _ in range(min(plan.batches_a_block, batches - first)):
                    sizes.append(min(batch, left))
                    left -= sizes[-1]
                number = first + 1 if plan.batch_size else 1
                blocks = [Block(x, y, sizes, bool(plan.batch_size) or last, number)]
            yield from blocks[start:]
            start = max(0, start - len(blocks))

    def parts(self, plan: BatchPlan) -> Iterator[tuple[Tensor, Tensor]]:
        """As of any `Dataset`, of this process's own shards, in the order of the files."""
        most = plan.block_rows
        parts = [
            sum(-(-rows // most) for rows in self.counts[rank :: plan.size])
            for rank in range(plan.size)
        ]
        for _, (x, y) in self._stream(range(plan.rank, len(self.files), plan.size)):
            yield from zip(torch.split(x, most), torch.split(y, most), strict=True)
        for _ in range(max(parts) - parts[plan.rank]):
            yield self._memory(0, self.device)

    def _shuffled(
        self, shards: list[int], plan: BatchPlan, epoch: int, rows: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The rows of `shards` in the order of training, so many at a time, the last time fewer."""
        rows = min(rows, sum(self.counts[shard] for shard in shards))
        x, y = self._memory(rows, self.device)
        filled = 0
        for shard, (shard_x, shard_y) in self._stream(shards):
            order = permutation(len(shard_x), self.device, plan.seed, epoch, shard)
            while len(order):
                index, order = order[: rows - filled], order[rows - filled :]
                first, filled = filled, filled + len(index)
                take_rows(shard_x, index, out=x[first:filled])
                take_rows(shard_y, index, out=y[first:filled])
                if filled == rows:
                    yield x, y
                    filled = 0
        if filled:
            yield x[:filled], y[:filled]

    def _stream(self, shards: Iterable[int]) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
        from concurrent.futures import ThreadPoolExecutor  # 20 ms that one file need not pay

        waiting = list(shards)
        if not waiting:  # there are more processes than shards
            return
        longest = max(self.counts[shard] for shard in waiting)
        memory = itertools.cycle([self._memory(longest, torch.device("cpu")) for _ in range(2)])
        reader = ThreadPoolExecutor(1)
        try:
            following = reader.submit(self._load, waiting[0], next(memory))
            for shard, after in zip(waiting, [*waiting[1:], None], strict=True):
                loaded = following.result()
                if after is not None:
                    following = reader.submit(self._load, after, next(memory))
                yield shard, loaded
        finally:  # a run that SIGTERM stops has no time for a shard that nobody will use
            reader.shutdown(wait=False, cancel_futures=True)

    def _load(self, shard: int, memory: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        (path, keys), rows = self.files[shard], self.counts[shard]
        x, y = read_arrays(path, keys)
        if x.shape[1] != self.features:
            raise InputError(
                f"every shard must have the {self.features} features of {self.files[0].path}, "
                f"got {x.shape[1]} in {path}"
            )
        if len(x) != rows:
            raise InputError(
                f"a shard must stay as it was ({rows} rows), got {len(x)} rows in {path}"
            )
        inputs, targets = memory[0][:rows], memory[1][:rows]
        targets.copy_(convert(x, y, path, keys, self.task, inputs))
        return inputs.to(self.device), targets.to(self.device)

    def _memory(self, rows: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """For so many rows and their targets."""
        inputs = torch.empty(rows, self.features + 1, device=device)
        return inputs, self.task.targets(np.zeros(rows)).to(device)

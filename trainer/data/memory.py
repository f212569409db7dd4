"""A dataset in memory."""

from collections.abc import Iterator

import torch
from torch import Tensor

from trainer.data.batches import BatchPlan, Block, permutation, take_rows


class InMemoryDataset:
    """Rows that are in memory."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y
        self.rows, self.features = len(x), x.shape[1] - 1

    def blocks(self, plan: BatchPlan, epoch: int, start: int = 0) -> Iterator[Block]:
        """See `Dataset`."""
        if not 0 < plan.batch_size < self.rows:  # one batch of all rows, which need no shuffling
            return self._long_batches(plan, self.rows, None, start)
        order = permutation(self.rows, self.x.device, plan.seed, epoch)
        if plan.batch_size > plan.block_rows:
            return self._long_batches(plan, plan.batch_size, order, start)
        return self._short_batches(plan, order, start)

    def _short_batches(self, plan: BatchPlan, order: Tensor, start: int) -> Iterator[Block]:
        """One or more batches a block."""
        step = plan.batches_a_block * plan.batch_size
        first, end = plan.share(plan.batch_size)
        for i in range(start * step, self.rows, step):
            index = order[i : i + step]
            whole, rest = divmod(len(index), plan.batch_size)
            sizes = [end - first] * whole
            if rest:
                a, b = plan.share(rest)
                sizes.append(b - a)
            if plan.size > 1:
                batches, tail = torch.split(index, [len(index) - rest, rest])
                own = batches.view(-1, plan.batch_size)[:, first:end].reshape(-1)
                index = torch.cat([own, tail[a:b]]) if rest else own
            number = i // plan.batch_size + 1
            yield Block(take_rows(self.x, index), take_rows(self.y, index), sizes, True, number)

    def _long_batches(
        self, plan: BatchPlan, batch: int, order: Tensor | None, start: int
    ) -> Iterator[Block]:
        """One or more blocks a batch."""
        for number, i in enumerate(range(0, self.rows, batch), 1):
            spans = plan.spans(min(batch, self.rows - i))
            for following, (first, end) in enumerate(spans, 1):
                if start > 0:
                    start -= 1
                    continue
                rows = slice(i + first, i + end)
                x, y = self.x[rows], self.y[rows]
                if order is not None:
                    x, y = take_rows(self.x, order[rows]), take_rows(self.y, order[rows])
                yield Block(x, y, [end - first], following == len(spans), number)

    def parts(self, plan: BatchPlan) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Dataset`."""
        for first, end in plan.spans(self.rows):
            yield self.x[first:end], self.y[first:end]

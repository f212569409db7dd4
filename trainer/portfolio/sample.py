"""The rows on which candidates are judged: all of a short table, a sample of a long one."""

import torch

from trainer.data.batches import BatchPlan, Dataset
from trainer.data.memory import InMemoryDataset

SAMPLE_ROWS = 10_000


def sample_of(train: Dataset) -> InMemoryDataset:
    """At most SAMPLE_ROWS of the rows, evenly spaced, the same in every process."""
    if isinstance(train, InMemoryDataset) and train.rows <= SAMPLE_ROWS:
        return train
    count = min(SAMPLE_ROWS, train.rows)
    chosen = torch.arange(count) * train.rows // count
    xs, ys, first = [], [], 0
    for x, y in train.parts(BatchPlan(0)):
        rows = chosen[(chosen >= first) & (chosen < first + len(x))] - first
        first += len(x)
        xs.append(x[rows.to(x.device)])
        ys.append(y[rows.to(y.device)])
    return InMemoryDataset(torch.cat(xs), torch.cat(ys))

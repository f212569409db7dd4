"""The npz files of a dataset, found and then read."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from trainer.data.arrays import convert, read_arrays
from trainer.data.batches import Dataset
from trainer.data.memory import InMemoryDataset
from trainer.data.shards import Shard, ShardedDataset
from trainer.errors import InputError
from trainer.tasks.losses import Summary, Task
from trainer.uri import local_path


@dataclass(frozen=True)
class Files:
    """The npz files behind one of --train, --val and --test, found but not yet read.

    Raises:
        InputError: there are none.
    """

    flag: str
    paths: list[Path]
    keys: tuple[str, str]

    @classmethod
    def find(cls, flag: str, uri: str, keys: tuple[str, str]) -> "Files":
        """One file; or a glob; or a directory, which means the shards `<flag>-*.npz` in it."""
        path = local_path(uri)
        pattern = str(path / f"{flag}-*.npz") if path.is_dir() else str(path)
        if path.is_file():
            paths = [path]
        elif glob.has_magic(pattern):
            paths = sorted(map(Path, glob.glob(pattern)))
        else:
            paths = []
        if not paths:
            shown = f"{uri}: no {flag}-*.npz in it" if path.is_dir() else uri
            raise InputError(f"--{flag} must name a file that exists, got {shown}")
        return cls(flag, paths, keys)

    @property
    def shards(self) -> list[Shard]:
        """Each file with the names of its arrays."""
        return [Shard(path, self.keys) for path in self.paths]

    def summary(self, count_values: bool) -> Summary:
        """The totals of the targets of all files; see `Summary`."""
        summary = Summary()
        for path in self.paths:
            summary.add(read_arrays(path, self.keys, only_y=True)[1], count_values)
        return summary

    def load(self, task: Task, device: torch.device, like: Dataset | None = None) -> Dataset:
        """The rows, checked for `task`, and for the number of features of `like`.

        Raises:
            InputError: a file or an array is not as it must be; the message names it.
        """
        source: Dataset
        if len(self.paths) > 1:
            source = ShardedDataset(self.shards, task, device)
        else:
            path = self.paths[0]
            x, y = read_arrays(path, self.keys)
            inputs = torch.empty(len(x), x.shape[1] + 1)
            targets = convert(x, y, path, self.keys, task, inputs)
            source = InMemoryDataset(inputs.to(device), targets.to(device))
        if like and source.features != like.features:
            raise InputError(
                f"--{self.flag} must have the {like.features} features of --train, "
                f"got {source.features} in {self.paths[0]}"
            )
        return source


def load_joined(
    files: Sequence[Files], loaded: Sequence[Dataset], task: Task, device: torch.device
) -> Dataset:
    """The rows of several, which are `loaded` one by one: in memory if all are, else streamed."""
    in_memory = [each for each in loaded if isinstance(each, InMemoryDataset)]
    if len(in_memory) == len(loaded):
        x, y = (torch.cat(parts) for parts in zip(*((d.x, d.y) for d in in_memory), strict=True))
        return InMemoryDataset(x, y)
    return ShardedDataset([shard for each in files for shard in each.shards], task, device)

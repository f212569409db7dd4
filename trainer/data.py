"""Arrays from `.npz` files, checked once at the door, and their rows in the order of training.

A source holds its rows in memory (one file) or streams them (a directory or glob of shards, one in
use and one being read, so that memory stays flat in the number of shards). Either gives an epoch
as blocks of whole batches. Rows are shuffled once an epoch and a block gathered at a time; batches
are views of a block, which is many times faster than gathering row by row.

Streamed rows are in memory that is taken once an epoch and used again for each shard and block, so
they hold until the next are asked for. Memory taken and given back by the shard would leave gaps
that the next shard, or a block of another length, does not fit: the process would grow for as long
as shards follow, by a fifth in 64 of them.

Order depends on the seed and the epoch alone: nothing needs saving to continue it.
"""

import glob
import hashlib
import itertools
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.errors import InputError
from trainer.tasks.losses import Summary, Task
from trainer.uri import local_path

Raw = NDArray[np.float64]

# InMemoryDataset gathered at a time: much less memory than a shuffled copy, hardly more calls.
BLOCK_ROWS = 1 << 16


def derive_seed(*numbers: int) -> int:
    """A 63-bit seed from several numbers, such as (seed, epoch); the same on every machine."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def permutation(rows: int, device: torch.device, *seeds: int) -> Tensor:
    """The numbers 0 … rows - 1 in an order that `seeds` fix."""
    generator = torch.Generator(device).manual_seed(derive_seed(*seeds))
    return torch.randperm(rows, generator=generator, device=device)


def gather(x: Tensor, index: Tensor, out: Tensor | None = None) -> Tensor:
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


class InMemoryDataset:
    """A source in memory."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y
        self.rows, self.features = len(x), x.shape[1] - 1

    def blocks(self, plan: BatchPlan, epoch: int, start: int = 0) -> Iterator[Block]:
        """This process's rows of each batch of an epoch, from block number `start` on."""
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
            yield Block(gather(self.x, index), gather(self.y, index), sizes, True, number)

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
                    x, y = gather(self.x, order[rows]), gather(self.y, order[rows])
                yield Block(x, y, [end - first], following == len(spans), number)

    def parts(self, plan: BatchPlan) -> Iterator[tuple[Tensor, Tensor]]:
        """This process's share of the rows, in their own order and in as many parts as every
        process has."""
        for first, end in plan.spans(self.rows):
            yield self.x[first:end], self.y[first:end]


class ShardedDataset:
    """A source that reads one shard at a time, the next one meanwhile in another thread."""

    def __init__(
        self, files: list[Path], keys: tuple[str, str], task: Task, device: torch.device
    ) -> None:
        self.files, self.keys, self.task, self.device = files, keys, task, device
        self.counts = [len(_read(path, keys, only_y=True)[1]) for path in files]
        self.rows = sum(self.counts)
        self.features = _read(files[0], keys)[0].shape[1]

    def blocks(self, plan: BatchPlan, epoch: int, start: int = 0) -> Iterator[Block]:
        """As `InMemoryDataset.blocks`, of this process's own shards. Every process gives as many
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
        """As `InMemoryDataset.parts`, of this process's own shards, in the order of the files."""
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
                gather(shard_x, index, out=x[first:filled])
                gather(shard_y, index, out=y[first:filled])
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
        path, rows = self.files[shard], self.counts[shard]
        x, y = _read(path, self.keys)
        if x.shape[1] != self.features:
            raise InputError(
                f"every shard must have the {self.features} features of {self.files[0]}, "
                f"got {x.shape[1]} in {path}"
            )
        if len(x) != rows:
            raise InputError(
                f"a shard must stay as it was ({rows} rows), got {len(x)} rows in {path}"
            )
        inputs, targets = memory[0][:rows], memory[1][:rows]
        targets.copy_(_convert(x, y, path, self.keys, self.task, inputs))
        return inputs.to(self.device), targets.to(self.device)

    def _memory(self, rows: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """For so many rows and their targets."""
        inputs = torch.empty(rows, self.features + 1, device=device)
        return inputs, self.task.targets(np.zeros(rows)).to(device)


Source = InMemoryDataset | ShardedDataset


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

    def summary(self, count_values: bool) -> Summary:
        """The totals of the targets of all files; see `Summary`."""
        summary = Summary()
        for path in self.paths:
            summary.add(_read(path, self.keys, only_y=True)[1], count_values)
        return summary

    def load(self, task: Task, device: torch.device, like: Source | None = None) -> Source:
        """The rows, checked for `task`, and for the number of features of `like`.

        Raises:
            InputError: a file or an array is not as it must be; the message names it.
        """
        source: Source
        if len(self.paths) > 1:
            source = ShardedDataset(self.paths, self.keys, task, device)
        else:
            path = self.paths[0]
            x, y = _read(path, self.keys)
            inputs = torch.empty(len(x), x.shape[1] + 1)
            targets = _convert(x, y, path, self.keys, task, inputs)
            source = InMemoryDataset(inputs.to(device), targets.to(device))
        if like and source.features != like.features:
            raise InputError(
                f"--{self.flag} must have the {like.features} features of --train, "
                f"got {source.features} in {self.paths[0]}"
            )
        return source


def _read(path: Path, keys: tuple[str, str], only_y: bool = False) -> tuple[Raw, Raw]:
    """The arrays `keys` of an npz, x (n, d) and y (n,) of numbers, x empty with `only_y`.

    Never unpickles. Raises InputError when the file is not such an npz.
    """
    if path.stat().st_size == 0:
        raise InputError(f"an npz must hold arrays, got the empty file {path}")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not an npz file, or is truncated")
    try:
        with np.load(path, allow_pickle=False) as npz:
            for key in keys:
                if key not in npz.files:
                    raise InputError(
                        f"{path} must hold {' and '.join(keys)}, got "
                        f"{', '.join(npz.files) or 'nothing'}; {key} is missing"
                    )
            y = npz[keys[1]]
            x = np.empty((len(y), 0)) if only_y else npz[keys[0]]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        if "pickle" in str(error) or "Object arrays" in str(error):
            problem = "an array of objects; save plain numbers, as nothing is unpickled"
        else:
            problem = str(error)
        raise InputError(f"{path} must be an npz of plain arrays, got {problem}") from error
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    for key, array, dimensions in ((keys[0], x, 2), (keys[1], y, 1)):
        if array.ndim != dimensions:
            raise InputError(
                f"{path}: {key} must have {dimensions} dimension(s), got shape {array.shape}"
            )
        if array.dtype.kind not in "biuf":
            raise InputError(f"{path}: {key} must hold numbers, got dtype {array.dtype}")
    if len(x) != len(y):
        raise InputError(
            f"{path}: {keys[0]} and {keys[1]} must have equally many rows, "
            f"got {len(x)} and {len(y)}"
        )
    if len(y) == 0 or x.size == 0 and not only_y:
        raise InputError(f"{path}: {keys[0]} must have rows and columns, got shape {x.shape}")
    if not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(y))[0])
        raise InputError(f"{path}: {keys[1]} must be finite, got {y[row]} in row {row}")
    return x, y


def _convert(x: Raw, y: Raw, path: Path, keys: tuple[str, str], task: Task, out: Tensor) -> Tensor:
    """Writes x to `out`, float32 with a last column of ones; returns the task's targets.

    Raises InputError for what float32 or the task cannot take.
    """
    task.check(y, f"{path}: {keys[1]}")
    with np.errstate(over="ignore"):  # becomes infinite, and is reported below
        for i in range(0, len(x), BLOCK_ROWS):
            block = out[i : i + BLOCK_ROWS].numpy()
            block[:, :-1] = x[i : i + BLOCK_ROWS]
            block[:, -1] = 1
            if not np.isfinite(block).all():
                row, column = np.argwhere(~np.isfinite(block))[0]
                raise InputError(
                    f"{path}: {keys[0]} must be finite in float32, got {x[i + row, column]} in "
                    f"row {i + row}, column {column}"
                )
    return task.targets(y)

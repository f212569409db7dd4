"""Reading arrays, refusing bad ones, and the order of their rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainer.data.batches import BatchPlan
from trainer.data.files import Files
from trainer.data.memory import InMemoryDataset
from trainer.data.shards import ShardedDataset
from trainer.errors import InputError
from trainer.tasks.losses import Binary, Multiclass, Regression, Task

KEYS = ("X_train", "y_train")
CPU = torch.device("cpu")
X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 1, 0])


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    def save(**arrays: Any) -> str:
        np.savez(tmp_path / "data.npz", **arrays)
        return str(tmp_path / "data.npz")

    return save


def load(path: str, task: Task | None = None) -> InMemoryDataset:
    source = Files.find("train", path, KEYS).load(task or Binary(), CPU)
    assert isinstance(source, InMemoryDataset)
    return source


def test_columns_gain_one_of_ones_and_targets_a_shape(save: Callable[..., str]) -> None:
    source = load(save(X_train=X, y_train=Y[:, None]))
    assert source.x.dtype == torch.float32
    assert source.x.tolist() == [[*row, 1] for row in X.tolist()]
    assert source.y.tolist() == [[float(y)] for y in Y]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X_train": X, "labels": Y}, "got X_train, labels; y_train is missing"),
        ({"X_train": X[:5], "y_train": Y}, "X_train and y_train must have equally many rows"),
        ({"X_train": X[:0], "y_train": Y[:0]}, "must have rows and columns"),
        ({"X_train": X[:, 0], "y_train": Y}, "X_train must have 2 dimension"),
        ({"X_train": X.astype(str), "y_train": Y}, "X_train must hold numbers, got dtype <U"),
        ({"X_train": X.astype(object), "y_train": Y}, "an array of objects; save plain numbers"),
        (
            {"X_train": X, "y_train": Y + 1},
            "must be 0 or 1, got 2 in .*y_train row 1; for other",
        ),
        (
            {"X_train": X, "y_train": [0, 1, np.nan, 1, 0, 0]},
            "y_train must be finite, got nan in row 2",
        ),
        (
            {"X_train": X * 1e38, "y_train": Y},
            "must be finite.*got 4e.38 in row 2, column 0",
        ),
        (
            {"X_train": np.where(X == 7, np.inf, X), "y_train": Y},
            "X_train must be finite.*got inf in row 3, column 1",
        ),
    ],
)
def test_what_is_refused(save: Callable[..., str], arrays: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        load(save(**arrays))
    assert "data.npz" in str(raised.value) and "\n" not in str(raised.value)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--train must name a file that exists"):
        load(str(tmp_path / "absent.npz"))
    with pytest.raises(InputError, match=r"no train-\*.npz in it"):
        load(str(tmp_path))
    path = tmp_path / "data.npz"
    path.touch()
    with pytest.raises(InputError, match="must hold arrays, got the empty file"):
        load(str(path))
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not an npz file, or is truncated"):
        load(str(path))
    with open(path, "wb") as file:
        np.save(file, X)
    with pytest.raises(InputError, match="is not an npz file, or is truncated"):
        load(str(path))
    np.savez(path, X_train=X, y_train=Y)
    content = path.read_bytes()
    path.write_bytes(content[:200])
    with pytest.raises(InputError, match="is not an npz file, or is truncated"):
        load(str(path))
    path.write_bytes(content.replace(X.tobytes(), X.tobytes()[::-1]))
    with pytest.raises(InputError, match="must be an npz of plain arrays, got Bad CRC-32"):
        load(str(path))


def test_classes_must_be_whole_numbers_from_zero(save: Callable[..., str]) -> None:
    task = Multiclass(outputs=3)
    assert load(save(X_train=X, y_train=[0, 1, 2, 0, 1, 2]), task).y.dtype == torch.int64
    with pytest.raises(InputError, match="from 0 to 2, got 3 in .* row 5"):
        load(save(X_train=X, y_train=[0, 1, 2, 0, 1, 3]), task)


def test_train_and_validation_have_the_same_features(save: Callable[..., str]) -> None:
    train = InMemoryDataset(torch.ones(4, 4), torch.ones(4, 1))
    with pytest.raises(InputError, match="--val must have the 3 features of --train, got 2 in"):
        files = Files.find("val", save(X_val=X, y_val=Y), ("X_val", "y_val"))
        files.load(Binary(), CPU, train)


def numbered(rows: int) -> InMemoryDataset:
    """A source whose rows can be told apart."""
    number = torch.arange(float(rows)).unsqueeze(1)
    return InMemoryDataset(torch.cat([number, torch.ones(rows, 1)], dim=1), number)


def rows_of(
    source: InMemoryDataset | ShardedDataset, plan: BatchPlan, epoch: int = 0, start: int = 0
) -> list[list[int]]:
    """The rows of each batch."""
    batches = []
    for block in source.blocks(plan, epoch, start):
        assert torch.equal(block.x[:, :1], block.y)
        batches += [part.flatten().int().tolist() for part in block.y.split(block.sizes)]
    return batches


def test_an_epoch_is_every_row_once_in_an_order_of_its_own() -> None:
    source, plan = numbered(103), BatchPlan(batch_size=10, block_rows=25)
    epoch = rows_of(source, plan)
    assert [len(batch) for batch in epoch] == [10] * 10 + [3]
    assert sorted(sum(epoch, [])) == list(range(103))
    assert rows_of(source, plan) == epoch
    assert rows_of(source, plan, epoch=1) != epoch
    assert rows_of(source, BatchPlan(10, 25, seed=1)) != epoch
    assert rows_of(source, plan, start=2) == epoch[4:]  # blocks of two batches


def test_processes_share_each_batch() -> None:
    """Together they have the batches of one process, also the last one, of 3 rows for 4."""
    source = numbered(103)
    alone = rows_of(source, BatchPlan(10, 25))
    shares = [rows_of(source, BatchPlan(10, 25, rank=rank, size=4)) for rank in range(4)]
    for batch, *parts in zip(alone, *shares, strict=True):
        assert sum(parts, []) == batch


def test_a_full_batch_is_all_rows_as_they_are() -> None:
    source = numbered(10)
    assert rows_of(source, BatchPlan(0)) == [list(range(10))]
    assert rows_of(source, BatchPlan(64, rank=1, size=2)) == [list(range(5, 10))]


@pytest.mark.parametrize("batch_size", [0, 60])
def test_a_batch_longer_than_a_block_is_several(batch_size: int) -> None:
    """As many in every process: 103 rows for 2 processes, and a last batch of 43."""
    source = numbered(103)
    alone = rows_of(source, BatchPlan(batch_size, 1000))
    blocks = [
        list(source.blocks(BatchPlan(batch_size, 20, rank=rank, size=2), 0)) for rank in (0, 1)
    ]
    found: list[list[int]] = [[] for _ in alone]
    for pair in zip(*blocks, strict=True):
        assert len({(block.number, block.complete) for block in pair}) == 1
        assert all(block.sizes == [len(block.x)] and len(block.x) <= 20 for block in pair)
    for rank in (0, 1):
        for block in blocks[rank]:
            found[block.number - 1] += block.y.flatten().int().tolist()
    assert found == alone
    numbers = [(block.number, block.complete) for block in blocks[0]]
    assert numbers == (
        [(1, False), (1, False), (1, True)]
        if not batch_size
        else [(1, False), (1, True), (2, False), (2, True)]
    )
    start = list(source.blocks(BatchPlan(batch_size, 20, size=2), 0, 1))
    assert [len(block.x) for block in start] == [len(block.x) for block in blocks[0][1:]]


def test_every_process_has_as_many_parts() -> None:
    shares = [list(numbered(41).parts(BatchPlan(0, 10, rank=rank, size=2))) for rank in (0, 1)]
    assert [[len(x) for x, _ in share] for share in shares] == [[10, 10, 0], [10, 10, 1]]


@pytest.fixture
def shards(tmp_path: Path) -> ShardedDataset:
    start = 0
    for number, rows in enumerate([40, 7, 25, 31]):
        x = np.arange(start, start + rows, dtype=np.float32)
        np.savez(tmp_path / f"train-{number:05d}.npz", X_train=x[:, None], y_train=x)
        start += rows
    source = Files.find("train", str(tmp_path), KEYS).load(Regression(), CPU)
    assert isinstance(source, ShardedDataset)
    return source


def test_shards_give_every_row_once_in_whole_batches(shards: ShardedDataset) -> None:
    plan = BatchPlan(batch_size=10, block_rows=25)
    epoch = rows_of(shards, plan)
    assert [len(batch) for batch in epoch] == [10] * 10 + [3]
    assert sorted(sum(epoch, [])) == list(range(103))
    assert rows_of(shards, plan) == epoch
    assert rows_of(shards, plan, epoch=1) != epoch
    assert rows_of(shards, plan, start=3) == epoch[6:]


def test_the_parts_of_shards_are_as_many_in_every_process(shards: ShardedDataset) -> None:
    whole = [x[:, 0].int().tolist() for x, _ in shards.parts(BatchPlan(0, 25))]
    assert [len(part) for part in whole] == [25, 15, 7, 25, 25, 6]
    assert sum(whole, []) == list(range(103))
    shares = [
        [x[:, 0].int().tolist() for x, _ in shards.parts(BatchPlan(0, 25, rank=rank, size=3))]
        for rank in range(3)
    ]
    assert [[len(part) for part in share] for share in shares] == [
        [25, 15, 25, 6],
        [7, 0, 0, 0],
        [25, 0, 0, 0],
    ]
    assert sorted(sum((sum(share, []) for share in shares), [])) == list(range(103))


def test_a_batch_of_shards_longer_than_a_block_is_several(shards: ShardedDataset) -> None:
    plans = [BatchPlan(60, 20, rank=rank, size=2) for rank in (0, 1)]
    epoch = [
        [(b.number, b.complete, b.y.flatten().int().tolist()) for b in shards.blocks(plan, 0)]
        for plan in plans
    ]
    assert [block[:2] for block in epoch[0]] == [block[:2] for block in epoch[1]]
    assert [block[:2] for block in epoch[0]][:4] == [(1, False), (1, True), (2, False), (2, True)]
    assert max(len(rows) for share in epoch for _, _, rows in share) == 20
    assert sorted(row for share in epoch for _, _, rows in share for row in rows) == list(
        range(103)
    )
    again = [b.y.flatten().int().tolist() for b in shards.blocks(plans[0], 0, 3)]
    assert again == [rows for _, _, rows in epoch[0]][3:]


def test_a_full_batch_of_shards_is_complete_at_its_last_block(shards: ShardedDataset) -> None:
    blocks = list(shards.blocks(BatchPlan(0, block_rows=25), 0))
    assert [block.complete for block in blocks] == [False] * 4 + [True]
    assert sum(len(block.x) for block in blocks) == 103


@pytest.mark.parametrize("batch_size", [0, 10])
@pytest.mark.parametrize("size", [3, 5])
def test_processes_read_shards_of_their_own_and_as_many_batches(
    shards: ShardedDataset, batch_size: int, size: int
) -> None:
    """Also a fifth process, for which there is no shard."""
    shares = [
        rows_of(shards, BatchPlan(batch_size, 25, rank=rank, size=size)) for rank in range(size)
    ]
    assert len({len(share) for share in shares}) == 1
    assert sorted(sum((sum(share, []) for share in shares), [])) == list(range(103))


def test_a_shard_with_other_features_is_named(shards: ShardedDataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "train-00002.npz", X_train=np.ones((25, 2)), y_train=np.ones(25))
    with pytest.raises(InputError, match="must have the 1 features.*got 2 in .*00002.npz"):
        list(shards.parts(BatchPlan(0)))


def test_a_shard_that_changes_in_a_run_is_named(shards: ShardedDataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "train-00002.npz", X_train=np.ones((26, 1)), y_train=np.ones(26))
    with pytest.raises(InputError, match="stay as it was .25 rows., got 26 rows in .*00002.npz"):
        list(shards.blocks(BatchPlan(10, 25), 0))

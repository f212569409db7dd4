"""What is written block by block is what numpy and other zip readers read."""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest

from trainer.contract import sha256_of
from vertex_tabular.preprocessing.npz import BLOCK_BYTES, ArraySource, write_npz


def rows_of(array: np.ndarray) -> ArraySource:
    return ArraySource(array.shape, array.dtype, lambda start, stop: array[start:stop])


BLOCK_ROWS = BLOCK_BYTES // 12


@pytest.mark.parametrize("rows", [0, 1, BLOCK_ROWS, 2 * BLOCK_ROWS + 1])
def test_numpy_reads_what_was_written(rows: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, 3)).astype(np.float32)
    y = random.integers(0, 2, rows).astype(np.int8)
    with open(tmp_path / "a.npz", "wb") as file:
        sha256 = write_npz(file, {"X": rows_of(X), "y": rows_of(y)})
    assert sha256 == sha256_of(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as npz:
        assert list(npz) == ["X", "y"]
        np.testing.assert_array_equal(npz["X"], X)
        np.testing.assert_array_equal(npz["y"], y)
        assert npz["y"].dtype == np.int8


def test_it_is_a_sound_zip_that_compresses(tmp_path: Path) -> None:
    zeros = np.zeros((100_000, 4))
    with open(tmp_path / "a.npz", "wb") as file:
        write_npz(file, {"X": rows_of(zeros), "y": rows_of(zeros[:, 0])})
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert archive.testzip() is None
        assert [info.date_time[0] for info in archive.infolist()] == [1980, 1980]
        # zip's directory ends with its last entry: nothing is hidden between or behind
        assert archive.start_dir > archive.infolist()[-1].header_offset
    assert (tmp_path / "a.npz").stat().st_size < zeros.nbytes / 100
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", tmp_path / "a.npz"], check=True, capture_output=True
    )


class Pipe:
    """What can only be written to, from start to end."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)


def test_it_is_written_in_one_pass() -> None:
    pipe = Pipe()
    numbers = np.arange(1_000_000, dtype=np.int16)
    sha256 = write_npz(cast(BinaryIO, pipe), {"X": rows_of(numbers), "y": rows_of(numbers[:9])})
    assert sha256 == hashlib.sha256(pipe.written).hexdigest()
    with np.load(io.BytesIO(pipe.written)) as npz:
        np.testing.assert_array_equal(npz["X"], numbers)
        np.testing.assert_array_equal(npz["y"], numbers[:9])


def test_wide_rows_come_in_blocks_of_few() -> None:
    asked: list[int] = []

    def block(start: int, stop: int) -> np.ndarray:
        asked.append(stop - start)
        return np.zeros((stop - start, 300_000), np.float32)

    write_npz(
        cast(BinaryIO, Pipe()), {"X": ArraySource((10, 300_000), np.dtype(np.float32), block)}
    )
    assert sorted(asked) == [1, 3, 3, 3]  # by several threads

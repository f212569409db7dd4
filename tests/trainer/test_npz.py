"""What is written block by block is what numpy and other zip readers read."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from trainer.npz import BLOCK_ROWS, Rows, write_npz


def rows_of(array: np.ndarray) -> Rows:
    return Rows(array.shape, array.dtype, lambda start, stop: array[start:stop])


@pytest.mark.parametrize("rows", [0, 1, BLOCK_ROWS, 2 * BLOCK_ROWS + 1])
def test_numpy_reads_what_was_written(rows: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((rows, 3)).astype(np.float32)
    y = random.integers(0, 2, rows).astype(np.int8)
    with open(tmp_path / "a.npz", "wb") as file:
        write_npz(file, {"X": rows_of(X), "y": rows_of(y)})
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

"""Reading an npz: as numpy does what is whole, and refusing what is damaged or hostile."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trainer.__main__ import main
from trainer.npz import read_npz

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
KINDS = st.sampled_from(["<f4", ">f8", "<i8", "|u1", "|b1", "<f2"])


@given(arrays.arrays(KINDS, SHAPES), st.booleans(), st.booleans(), st.none() | st.integers(0, 6))
def test_it_is_what_numpy_reads(
    tmp_path_factory: pytest.TempPathFactory,
    array: np.ndarray[Any, Any],
    compressed: bool,
    by_column: bool,
    limit: int | None,
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.npz"
    save = np.savez_compressed if compressed else np.savez
    save(path, a=np.asarray(array, order="F" if by_column else "C"), b=np.zeros(2))
    found = read_npz(path, ("a",), limit)["a"]
    expected = array if limit is None or array.ndim == 0 else array[:limit]
    assert found.dtype == array.dtype and found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


def member(descr: object = "<f8", shape: object = (6,), size: int = 48) -> bytes:
    """A `.npy` whose header says that of `size` bytes."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + b"\0" * size


def changed_entry(data: bytes, at: int, value: bytes) -> bytes:
    """A zip in whose last directory entry and last local header another value stands."""
    entry, local = data.rfind(b"PK\x01\x02"), data.rfind(b"PK\x03\x04")
    data = data[: entry + at] + value + data[entry + at + 2 :]
    return data[: local + at - 2] + value + data[local + at :]


NO_ARRAYS: dict[str, Callable[[bytes], bytes]] = {
    "no array": lambda _: b"text",
    "empty": lambda _: b"",
    "no dimensions": lambda _: member(shape=(), size=8),
    "a huge shape": lambda _: member(shape=(10**12,)),
    "a shape beyond 64 bits": lambda _: member(shape=(2**62, 2**62)),
    "a negative shape": lambda _: member(shape=(-1,)),
    "a shape of text": lambda _: member(shape=("x",)),
    "objects": lambda _: member("|O"),
    "texts": lambda _: member("<U2"),
    "a record": lambda _: member([("a", "<f8")]),
    "no header": lambda y: y[:20],
    "an open bracket": lambda _: b"\x93NUMPY\x01\0\x05\0((((\n",
    "another version": lambda y: y[:6] + b"\x09" + y[7:],
    "too short": lambda y: y[:-8],
    "too long": lambda y: y + b"\0" * 8,
}


@pytest.mark.parametrize("what", NO_ARRAYS)
@pytest.mark.parametrize("name", ["X_train", "y_train"])
def test_a_member_that_is_no_such_array_is_told_in_a_line(
    what: str, name: str, data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train_data.npz"
    with zipfile.ZipFile(path) as file:
        members = {each: file.read(each) for each in file.namelist()}
    members[f"{name}.npy"] = NO_ARRAYS[what](members[f"{name}.npy"])
    with zipfile.ZipFile(path, "w") as file:
        for each, content in members.items():
            file.writestr(each, content)
    assert main([*data, f"--model_out={tmp_path / 'out'}"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "train_data.npz" in told and "Traceback" not in told


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [(8, b"\x01\0", "encrypted"), (10, b"\x63\0", "compressed by method 99")],
)
def test_what_zip_can_do_and_npz_does_not(
    at: int,
    value: bytes,
    said: str,
    data: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "train_data.npz"
    path.write_bytes(changed_entry(path.read_bytes(), at, value))
    assert main([*data, f"--model_out={tmp_path / 'out'}"]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_no_memory_is_taken_for_a_size_that_the_file_cannot_have(tmp_path: Path) -> None:
    """A directory entry that says what the header says: more than deflate makes of the file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", member(shape=(10**8,)))
    size = len(member(shape=(10**8,))) - 48 + 8 * 10**8
    data, entry = content.getvalue(), content.getvalue().rfind(b"PK\x01\x02")
    (tmp_path / "a.npz").write_bytes(
        data[: entry + 24] + size.to_bytes(4, "little") + data[entry + 28 :]
    )
    with pytest.raises(ValueError, match="a of shape .100000000,. and float64 in 800000000 bytes"):
        read_npz(tmp_path / "a.npz")

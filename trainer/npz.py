"""Reads the arrays of an npz, each checked before memory is taken for it; nothing is unpickled.

`numpy.load` believes what a header says of the array's size, and hands out what is no array as its
bytes. The format is https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 20
MAX_RATIO = 1032  # bytes that deflate makes of one at most: https://zlib.net/zlib_tech.html
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(
    path: Path, names: Sequence[str] | None = None, limit: int | None = None
) -> dict[str, NDArray[Any]]:
    """The arrays `names` of an npz, or all of them, by name; of each, its first `limit` rows.

    Raises:
        trainer.reading.DAMAGE: it is no such npz; the message says what it is, but not of which
            file. For use inside `trainer.reading.reading`.
    """
    with zipfile.ZipFile(path) as file:
        members = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        for name in names or ():
            if name not in members:
                raise ValueError(f"{', '.join(members) or 'nothing'}; {name} is missing")
        bytes_of_file = path.stat().st_size
        return {
            name: _read(file, members[name], name, limit, bytes_of_file)
            for name in (members if names is None else names)
        }


def _read(
    file: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, limit: int | None, bytes_of_file: int
) -> NDArray[Any]:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} compressed by method {info.compress_type}; use numpy.savez")
    with file.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version not in HEADERS:
            raise ValueError(f"{name} in version {version} of the format; use numpy.savez")
        shape, by_column, dtype = HEADERS[version](member)
        if dtype.hasobject:
            raise ValueError("an array of objects; save plain numbers, as nothing is unpickled")
        size, held = math.prod(shape) * dtype.itemsize, info.file_size - member.tell()
        if min(shape, default=0) < 0 or size != held or held > MAX_RATIO * bytes_of_file:
            raise ValueError(f"{name} of shape {shape} and {dtype} in {held} bytes")
        by_column = by_column and len(shape) > 1
        cut = limit is not None and shape != () and limit < shape[0]
        if limit is not None and cut and not by_column:
            shape = (limit, *shape[1:])
        array = np.empty(shape[::-1] if by_column else shape, dtype)
        room = array.reshape(-1).view(np.uint8)
        for start in range(0, len(room), BLOCK_BYTES):
            block = room[start : start + BLOCK_BYTES]
            data = member.read(len(block))
            if len(data) < len(block):
                raise EOFError(f"{name} cut short")
            block[:] = np.frombuffer(data, np.uint8)
        if not cut or by_column:
            member.read(1)  # compares its CRC
    if by_column:
        array = array.T
    return array[:limit] if cut else array

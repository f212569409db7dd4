"""Compressed `.npz` files, written block by block with ISA-L's deflate.

`numpy.savez_compressed` wants whole arrays and takes ten times as long; `numpy.load`, as any zip
reader, reads what is written here. The zip format is PKWARE's APPNOTE 6.3
(https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), in its 64-bit form throughout, so
that a size need not be known before its bytes are written.
"""

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from trainer.parallel import in_order

VERSION = 45  # of the zip format: the first with 64-bit sizes
DEFLATED = 8
EPOCH = 0x21  # 1 January 1980, zip's first day: equal arrays give equal bytes
IN_EXTRA = 0xFFFFFFFF  # "the 64-bit field has it"
LOCAL_HEADER = struct.Struct("<4s5H3L2H")


BLOCK_ROWS = 1 << 16  # are made and compressed together: some MB, which stay in the cache


@dataclass(frozen=True)
class Rows:
    """One array to write: `block` makes its rows from one number up to another."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    block: Callable[[int, int], npt.NDArray[Any]]


def write_npz(file: BinaryIO, arrays: Mapping[str, Rows]) -> None:
    """Writes `arrays` by key; `file` is seekable and at its start."""
    directory = b"".join(_write_member(file, f"{key}.npy", rows) for key, rows in arrays.items())
    start = file.tell()
    file.write(directory)
    count = len(arrays)
    end = struct.pack(
        "<4sQ2H2L4Q",
        *(b"PK\x06\x06", 44, VERSION, VERSION, 0, 0, count, count, len(directory), start),
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    old_end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, IN_EXTRA, IN_EXTRA, 0)
    file.write(end + locator + old_end)


def _write_member(file: BinaryIO, name: str, rows: Rows) -> bytes:
    """Writes one array, and returns its entry in the zip's directory."""
    from isal import isal_zlib

    offset = file.tell()
    start = offset + LOCAL_HEADER.size + len(name) + 20
    file.seek(start)

    def deflated(first: int | None) -> tuple[memoryview, bytes]:
        """A part of the array's file and its compressed form, which ends on a whole byte: such
        forms make a deflate stream when they are put one after the other (RFC 1951)."""
        part = _header(rows) if first is None else _block(rows, first)
        compressor = isal_zlib.compressobj(level=1, wbits=-15)
        return part, compressor.compress(part) + compressor.flush(isal_zlib.Z_FULL_FLUSH)

    crc = size = 0
    for part, compressed in in_order(deflated, [None, *range(0, rows.shape[0], BLOCK_ROWS)]):
        crc = isal_zlib.crc32(part, crc)
        size += len(part)
        file.write(compressed)
    file.write(isal_zlib.compressobj(level=1, wbits=-15).flush())  # the stream's end
    end = file.tell()

    encoded = name.encode()
    common = (VERSION, 0, DEFLATED, 0, EPOCH, crc, IN_EXTRA, IN_EXTRA, len(encoded))
    sizes = (size, end - start)
    file.seek(offset)
    file.write(LOCAL_HEADER.pack(b"PK\x03\x04", *common, 20))
    file.write(encoded + struct.pack("<2H2Q", 1, 16, *sizes))
    file.seek(end)
    header = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", VERSION, *common, 28, 0, 0, 0, 0o600 << 16, IN_EXTRA
    )
    return header + encoded + struct.pack("<2H3Q", 1, 24, *sizes, offset)


def _header(rows: Rows) -> memoryview:
    """What numpy puts before the numbers in a `.npy` file."""
    header = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(rows.dtype)
    np.lib.format.write_array_header_1_0(
        header, {"descr": descr, "fortran_order": False, "shape": rows.shape}
    )
    return header.getbuffer()


def _block(rows: Rows, first: int) -> memoryview:
    block = rows.block(first, min(first + BLOCK_ROWS, rows.shape[0]))
    return np.ascontiguousarray(block, rows.dtype).data.cast("B")

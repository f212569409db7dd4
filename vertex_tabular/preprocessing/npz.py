"""Compressed `.npz` files, written block by block with ISA-L's deflate.

`numpy.savez_compressed` wants whole arrays and takes ten times as long; `numpy.load`, as any zip
reader, reads what is written here. The zip format is PKWARE's APPNOTE 6.3
(https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), in its 64-bit form throughout, so
that a size need not be known before its bytes are written: it stands behind them.
"""

import hashlib
import io
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from vertex_tabular.tables.parallel import threaded_map

VERSION = 45  # of the zip format: the first with 64-bit sizes
SIZES_FOLLOW = 1 << 3  # the flag that says so
DEFLATED = 8
EPOCH = 0x21  # 1 January 1980, zip's first day: equal arrays give equal bytes
IN_EXTRA = 0xFFFFFFFF  # "the 64-bit field has it"

BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class ArraySource:
    """One array to write: `block` makes its rows from one number up to another."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    block: Callable[[int, int], npt.NDArray[Any]]

    @property
    def block_rows(self) -> int:
        """How many rows are made and compressed together."""
        row = self.dtype.itemsize * math.prod(self.shape[1:])
        return max(BLOCK_BYTES // max(row, 1), 1)


class Stream:
    """A file that is written from its start to its end.

    Attributes:
        position: how many bytes were written.
        sha256: of these.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.position = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.position += len(data)
        self.sha256.update(data)


def write_npz(file: BinaryIO, arrays: Mapping[str, ArraySource]) -> str:
    """Writes `arrays` by key, and returns the SHA-256 of what was written, in hex."""
    stream = Stream(file)
    directory = b"".join(
        _write_member(stream, f"{key}.npy", source) for key, source in arrays.items()
    )
    start = stream.position
    stream.write(directory)
    count = len(arrays)
    end = struct.pack(
        "<4sQ2H2L4Q",
        *(b"PK\x06\x06", 44, VERSION, VERSION, 0, 0, count, count, len(directory), start),
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    old_end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, IN_EXTRA, IN_EXTRA, 0)
    stream.write(end + locator + old_end)
    return stream.sha256.hexdigest()


def _write_member(stream: Stream, name: str, source: ArraySource) -> bytes:
    """Writes one array, and returns its entry in the zip's directory."""
    from isal import isal_zlib

    offset = stream.position
    encoded = name.encode()

    def header(signature: bytes, versions: tuple[int, ...], crc: int) -> bytes:
        """What the array's header and its entry begin with."""
        fields = (*versions, SIZES_FOLLOW, DEFLATED, 0, EPOCH, crc, IN_EXTRA, IN_EXTRA)
        return struct.pack(f"<4s{len(versions)}H4H3L", signature, *fields)

    stream.write(header(b"PK\x03\x04", (VERSION,), 0) + struct.pack("<2H", len(encoded), 20))
    stream.write(encoded + struct.pack("<2H2Q", 1, 16, 0, 0))
    start = stream.position

    def deflated(first: int | None) -> tuple[memoryview, bytes]:
        """A part of the array's file and its compressed form, which ends on a whole byte: such
        forms make a deflate stream when they are put one after the other (RFC 1951)."""
        part = _header(source) if first is None else _block(source, first)
        compressor = isal_zlib.compressobj(level=1, wbits=-15)
        return part, compressor.compress(part) + compressor.flush(isal_zlib.Z_FULL_FLUSH)

    crc = size = 0
    for part, compressed in threaded_map(
        deflated, [None, *range(0, source.shape[0], source.block_rows)]
    ):
        crc = isal_zlib.crc32(part, crc)
        size += len(part)
        stream.write(compressed)
    stream.write(isal_zlib.compressobj(level=1, wbits=-15).flush())  # the stream's end
    compressed_size = stream.position - start
    stream.write(struct.pack("<4sL2Q", b"PK\x07\x08", crc, compressed_size, size))

    entry = header(b"PK\x01\x02", (VERSION, VERSION), crc)
    entry += struct.pack("<5H2L", len(encoded), 28, 0, 0, 0, 0o600 << 16, IN_EXTRA)
    return entry + encoded + struct.pack("<2H3Q", 1, 24, size, compressed_size, offset)


def _header(source: ArraySource) -> memoryview:
    """What numpy puts before the numbers in a `.npy` file."""
    header = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(source.dtype)
    np.lib.format.write_array_header_1_0(
        header, {"descr": descr, "fortran_order": False, "shape": source.shape}
    )
    return header.getbuffer()


def _block(source: ArraySource, first: int) -> memoryview:
    block = source.block(first, min(first + source.block_rows, source.shape[0]))
    return np.ascontiguousarray(block, source.dtype).data.cast("B")

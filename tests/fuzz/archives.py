"""Damage to an npz that keeps it a zip: another array, header or entry than it should have."""

import io
import random
import zipfile

import numpy as np


def arrays_of(data: bytes, random: random.Random) -> bytes:
    """An npz whose members, or what they say of themselves, are not what they were."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = random.choice(list(members))
    compression = zipfile.ZIP_STORED
    match random.randrange(8):
        case 0:
            members[name] = random.choice((b"", b"no array", members[name][:9], b"\x93NUMPY\x09\0"))
        case 1 | 2 | 3:
            members[name] = _with_header(members[name], random)
        case 4:
            array = random.choice(
                (
                    np.float64(3),
                    np.zeros((0, 3)),
                    np.zeros((2, 2, 2)),
                    np.array(["a"] * 9),
                    np.full(9, np.nan),
                    np.array(1j),
                    np.array([{}], object),
                    np.zeros(9, "M8[s]"),
                )
            )
            written = io.BytesIO()
            np.save(written, array, allow_pickle=True)
            members[name] = written.getvalue()
        case 5:
            members[random.choice(("x.npy", "../x", "y", name.upper()))] = members.pop(name)
        case 6:
            compression = random.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as file:
        for member, content in members.items():
            file.writestr(member, content)
    packed = written.getvalue()
    if random.random() < 0.3:  # what a directory entry says of its member
        at = packed.rfind(b"PK\x01\x02") + random.choice((4, 6, 8, 10, 16, 20, 24, 28, 42))
        packed = (
            packed[:at]
            + random.choice((b"\x01\0", b"\xff\xff", b"c\0", b"\0\0"))
            + packed[at + 2 :]
        )
    return packed


def _with_header(member: bytes, random: random.Random) -> bytes:
    """An array whose header says another shape, order or type."""
    array = np.load(io.BytesIO(member))
    said = {
        "descr": random.choice(
            (
                array.dtype.str,
                "|O",
                "<U5",
                "<c16",
                "|V8",
                "<m8[s]",
                ">f8",
                "<f2",
                "nonsense",
                [("a", "<f4")],
            )
        ),
        "fortran_order": random.choice((False, False, True, "x")),
        "shape": random.choice(
            (
                array.shape,
                (),
                (-1,),
                (10**12,),
                (2**62, 4),
                (0,),
                (1, *array.shape),
                ("x",),
                3,
                array.shape[:1],
                (array.shape[0] + 1, *array.shape[1:]),
            )
        ),
    }
    header = repr(said).encode() + b"\n"
    content: bytes = array.tobytes()
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + content

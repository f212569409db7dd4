"""Damage to a file, as accidents and attackers do it: a function of the file's bytes and a seed.

`bytes_of` knows nothing of the form; the others keep the form and break what it says, which goes
deeper into a reader than a form that is broken.
"""

import copy
import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]

TOKENS = (
    *(
        b"",
        b"\0",
        b"\r",
        b"\n",
        b"\xff",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b",",
        b"\t",
        b"{",
        b"[",
        b"]",
    ),
    *(b"}", b":", b"- ", b"&a ", b"*a", b"!!python/object:os.system ", b"nan", b"1e999", b"-1"),
    *(b"9" * 400, b"\\ud800", b"\x1b]0;x\x07", "‮".encode(), b"null", b"../../x", b"%s", b"=1+1"),
)
WHOLE = (
    *(
        b"",
        b"\0",
        b"null",
        b"[]",
        b"{}",
        b"0",
        b'"text"',
        b"\xff\xfe{}",
        b"---\n---\n",
        b"\n" * 999,
    ),
    *(b"[" * 5_000, b"{" * 5_000, b'{"a":' * 5_000, b"PK\x05\x06" + b"\0" * 18, b"PAR1PAR1"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2**70, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "x", "0", "1", "\0", "\n", "\ud800", "\x1b[31m", "/etc/passwd", "../../x", "x" * 5_000),
    *([], [[]], [None], [0, "x"], {}, {"x": {}}, {"": None}),
)
MAX_PIECE = 64  # bytes


def bytes_of(data: bytes, random: random.Random) -> bytes:
    """One to three changes of bits, bytes and pieces, wherever they fall; or nothing is left."""
    if random.random() < 0.04:
        return random.choice(WHOLE)
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(changed) + 1)
        end = min(len(changed), at + random.randrange(1, MAX_PIECE))
        match random.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << random.randrange(8)
            case 1 if at < len(changed):
                changed[at] = random.randrange(256)
            case 2:
                del changed[at:end]
            case 3:
                changed[at:at] = changed[at:end] * random.choice((1, 2, 50))
            case 4:
                changed[at:end] = random.randbytes(end - at)
            case 5:
                changed[at:at] = random.choice(TOKENS)
            case _:
                del changed[at:]
    return bytes(changed)


def json_of(data: bytes, random: random.Random) -> bytes:
    """Another value, key or shape somewhere in a JSON document."""
    return json.dumps(changed_value(json.loads(data), random), indent=2).encode()


def yaml_of(data: bytes, random: random.Random) -> bytes:
    """As `json_of`, of a YAML document."""
    import yaml

    text = yaml.safe_dump(changed_value(yaml.safe_load(data), random), sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def changed_value(content: Any, random: random.Random) -> Any:
    """A copy of plain data with one or two changes."""
    content = copy.deepcopy(content)
    for _ in range(random.choice((1, 1, 2))):
        places = list(_places(content))
        if not places:
            return random.choice(VALUES)
        holder, key = random.choice(places)
        match random.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[random.choice(("", "x", f"{key} ", "\x1b", "constructor"))] = holder.pop(key)
            case 2:
                other, name = random.choice(places)
                if name in other if isinstance(other, dict) else name < len(other):
                    holder[key] = copy.deepcopy(other[name])
            case 3:
                holder[key] = {"x": holder[key]} if random.random() < 0.5 else [holder[key]]
            case _:
                holder[key] = random.choice(VALUES)
    return content


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Each dict or list inside, with each of its keys."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(items):
        yield content, key
        if isinstance(value, dict | list):
            yield from _places(value)


def cells_of(data: bytes, random: random.Random) -> bytes:
    """Other cells, lines and headers of a CSV."""
    lines = data.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 5))):
        number = random.choice((0, random.randrange(len(lines))))
        cells = lines[number].split(b",")
        at = random.randrange(len(cells))
        match random.randrange(6):
            case 0:
                cells[at] = random.choice(TOKENS)
            case 1:
                cells[at] = str(random.choice(VALUES)).encode("utf-8", "surrogatepass")
            case 2:
                del cells[at]
            case 3:
                cells[at:at] = [cells[at]] * random.choice((1, 2, 5_000))
            case 4:
                lines = [",".join(map(str, range(at))).encode(), *lines][: len(lines)]
            case _:
                lines = lines[: random.randrange(1, len(lines) + 1)]
        number = min(number, len(lines) - 1)
        lines[number] = b",".join(cells)
    return b"\n".join(lines)


def columns_of(data: bytes, random: random.Random) -> bytes:
    """A Parquet file with a column of another type, name or content."""
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(data))
    at = random.randrange(table.num_columns)
    name, rows = table.column_names[at], table.num_rows
    types = (
        *(pa.int8(), pa.uint64(), pa.float16(), pa.duration("us"), pa.timestamp("ns", "UTC")),
        *(pa.date32(), pa.time64("us"), pa.binary(), pa.binary(3), pa.null(), pa.bool_()),
        *(pa.large_string(), pa.list_(pa.int8()), pa.struct([("a", pa.int8())])),
        *(pa.decimal128(38, 10), pa.dictionary(pa.int8(), pa.string())),
    )
    match random.randrange(4):
        case 0:
            table = table.rename_columns(
                [
                    random.choice(("", "\0", "x" * 999, "Sex")) if n == name else n
                    for n in table.column_names
                ]
            )
        case 1:
            table = table.slice(0, random.choice((0, 1, 2)))
        case _:
            kind = random.choice(types)
            value: Any = [None] * rows
            if pa.types.is_integer(kind) or pa.types.is_floating(kind):
                value = [random.choice((0, 1, 127)) for _ in range(rows)]
            elif kind == pa.binary():
                value = [random.choice((b"\xff\xfe", b"a", b"")) for _ in range(rows)]
            elif kind == pa.duration("us") or kind == pa.timestamp("ns", "UTC"):
                value = [random.randrange(10**15) for _ in range(rows)]
            elif pa.types.is_list(kind):
                value = [[1, 2]] * rows
            table = table.set_column(at, name, pa.array(value, kind))
    written = io.BytesIO()
    parquet.write_table(table, written)
    return written.getvalue()

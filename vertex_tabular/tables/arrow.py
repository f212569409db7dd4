"""Arrow's columns as a table's: what every format of `tables.formats` hands to the readers."""

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import BLANKS, MISSING, plain_decimal
from vertex_tabular.tables.table import Categorical, Numbers, Table


def types_of(schema: Schema, numbers_as_text: bool = False) -> dict[str, Any]:
    """The Arrow type of each column that is read."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    number = pa.string() if numbers_as_text else pa.float64()
    return {c.name: number if c.kind == "numeric" else text for c in schema.read}


def table_of_batch(batch: Any, schema: Schema) -> Table:
    """The table of a record batch or table, whose columns may be of any type that is not nested."""
    import pyarrow as pa

    # By way of plain text, because few types can be cast to a dictionary.
    plain = {
        column.name: (_as_numbers if column.kind == "numeric" else _as_texts)(batch[column.name])
        for column in schema.read
    }
    table = pa.table(plain).cast(pa.schema(types_of(schema).items()))
    return table_of(table.combine_chunks().unify_dictionaries(), schema)


def table_of(table: Any, schema: Schema) -> Table:
    """The table of an Arrow table of one chunk, whose columns have `types_of`."""
    numbers: dict[str, Numbers] = {}
    texts: dict[str, Categorical] = {}
    for column in schema.read if table.num_rows else ():
        values = table[column.name].chunk(0)
        if column.kind == "numeric":
            numbers[column.name] = _numbers(values)
        else:
            texts[column.name] = _texts(values, column)
    return Table(table.num_rows, numbers, texts)


def _numbers(values: Any) -> Numbers:
    """An Arrow array of doubles as numpy's, in as few bytes as hold it; NaN where it is null.

    Its buffers are read as Arrow's columnar format lays them out, because pyarrow's own
    conversions import pandas where it is installed, which takes longer than a small file.
    """
    numbers = np.frombuffer(values.buffers()[1], np.float64)
    numbers = numbers[values.offset : values.offset + len(values)]
    missing = _missing(values)
    for dtype in (np.int8, np.float32) if missing is None else (np.float32,):
        with np.errstate(invalid="ignore", over="ignore"):
            narrow: Numbers = numbers.astype(dtype)
        if (narrow == numbers).all():
            break
    else:
        narrow = numbers.copy()
    if missing is not None:
        narrow[missing] = np.nan
    return narrow


def _missing(values: Any) -> npt.NDArray[np.bool_] | None:
    validity = values.buffers()[0]
    if not values.null_count:
        return None
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    missing: npt.NDArray[np.bool_] = bits[values.offset : values.offset + len(values)] == 0
    return missing


def _texts(values: Any, column: Column) -> Categorical:
    codes = np.frombuffer(values.indices.buffers()[1], np.int32)
    codes = codes[values.offset : values.offset + len(values)]
    categories = values.dictionary.to_pylist()
    narrow: npt.NDArray[Any] = codes.astype(np.min_scalar_type(-len(categories) - 1))
    missing = _missing(values.indices)
    if missing is not None:
        narrow[missing] = -1
    kept: dict[str, int] = {}
    code_of = [
        -1 if column.is_missing(text) else kept.setdefault(column.kept(text), len(kept))
        for text in categories
    ]
    if code_of != list(range(len(categories))):
        narrow = np.array([*code_of, -1], narrow.dtype)[narrow]
    return Categorical(narrow, list(kept))


def _as_texts(values: Any) -> Any:
    """Values of any type as texts; numbers as plain decimals, without an exponent."""
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        return values.cast(pa.string())
    encoded = values.dictionary_encode()
    texts = encoded.dictionary.cast(pa.string()).to_pylist()
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(map(plain_decimal, texts)))


def _as_numbers(values: Any) -> Any:
    """Numbers of any type as doubles; texts are read as a CSV's are."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.type in (pa.string(), pa.large_string(), pa.string_view()):
        texts = values.cast(pa.string())
        bare = compute.utf8_trim(texts, characters=BLANKS)
        missing = compute.is_in(texts, pa.array(sorted(MISSING)))
        values = compute.if_else(compute.or_(missing, compute.equal(bare, "")), None, bare)
    if pa.types.is_duration(values.type):
        values = values.cast(pa.int64())  # in its unit
    return values.cast(pa.float64())


def texts_of(values: Any) -> list[str]:
    """An Arrow array as the texts that reading it makes of it."""
    import pyarrow as pa

    with contextlib.suppress(pa.ArrowException):  # as of bytes that are no UTF-8
        values = values.cast(pa.string())
    return [_as_text(value) for value in values.to_pylist()]


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return "" if value is None else str(value)

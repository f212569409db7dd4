"""Arrow's columns as a table's: what every format of `tables.formats` hands to the readers."""

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.schema.schema import Schema
from vertex_tabular.schema.values import BLANKS, MISSING, plain_decimal
from vertex_tabular.tables.table import Categorical, Numbers, Table


def types_of(schema: Schema) -> dict[str, Any]:
    """The Arrow type of each column that is read."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return {name: pa.float64() if name in schema.numeric else text for name in schema.names}


def table_of_batch(batch: Any, schema: Schema) -> Table:
    """The table of a record batch, whose columns may be of any type that is not nested."""
    import pyarrow as pa

    # By way of plain text, because few types can be cast to a dictionary.
    plain = {
        name: _as_numbers(batch[name]) if name in schema.numeric else _as_texts(batch[name])
        for name in schema.names
    }
    table = pa.table(plain).cast(pa.schema(types_of(schema).items()))
    return table_of(table.combine_chunks().unify_dictionaries(), schema)


def table_of(table: Any, schema: Schema) -> Table:
    """The table of an Arrow table of one chunk, whose columns have `types_of`."""
    columns = {k: table[k].chunk(0) for k in schema.names} if table.num_rows else {}
    return Table(
        table.num_rows,
        {name: _numbers(column) for name, column in columns.items() if name in schema.numeric},
        {name: _texts(column) for name, column in columns.items() if name not in schema.numeric},
    )


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


def _texts(values: Any) -> Categorical:
    codes = np.frombuffer(values.indices.buffers()[1], np.int32)
    codes = codes[values.offset : values.offset + len(values)]
    categories = values.dictionary.to_pylist()
    narrow: npt.NDArray[Any] = codes.astype(np.min_scalar_type(-len(categories) - 1))
    missing = _missing(values.indices)
    if missing is not None:
        narrow[missing] = -1
    if MISSING.isdisjoint(categories):
        return Categorical(narrow, categories)
    kept = [i for i, category in enumerate(categories) if category not in MISSING]
    code_of = np.full(len(categories) + 1, -1, narrow.dtype)
    code_of[kept] = range(len(kept))
    return Categorical(code_of[narrow], [categories[i] for i in kept])


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
        missing = compute.is_in(texts, pa.array(sorted(MISSING)))
        values = compute.if_else(missing, None, compute.utf8_trim(texts, characters=BLANKS))
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

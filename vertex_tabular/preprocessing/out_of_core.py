"""A table that is too long for memory becomes shards: the same spec, with few rows held at a time.

The rows are read once, into a `DiskTable`; the split, what is learned and what is written come from
passes over that. Levels, counts and medians are exact, and means and standard deviations agree
with those of `fitting.fit` but for rounding.

Which side a row is on depends on the seed and its number alone (with a split by group, on the
group), so these are other rows than those that scikit-learn's split draws, though as many. Within
a side they keep the table's order.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vertex_tabular.features import bins, fitting
from vertex_tabular.features import spec as features
from vertex_tabular.features.profile import SAMPLE, profile_of_numbers, profile_of_texts
from vertex_tabular.features.spec import Feature, Spec
from vertex_tabular.preprocessing.selection import Keys, keys_of, number_of, smallest
from vertex_tabular.preprocessing.split import TEST, TRAIN, VAL, check_sides, times_of
from vertex_tabular.schema.schema import Column, Schema
from vertex_tabular.schema.values import classes_of
from vertex_tabular.tables.disk_table import Column as Stored
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.parallel import in_order
from vertex_tabular.tables.reader import Categorical, Indices, Table

Weighted = tuple[npt.NDArray[np.float64], npt.NDArray[Any] | None]


def split(
    disk_table: DiskTable, schema: Schema, val_size: float, test_size: float, seed: int
) -> tuple[Stored, dict[int, int]]:
    """The side of each row, block by block, and how many rows are on each.

    At random, the rows with the smallest hashes validate, as many as `split_rows` would take, and
    so class by class if stratified; a group is on the side that its own hash says; by time they
    are the rows that `split_rows` would take.

    Raises:
        InputError: there would be no row on one side.
    """
    column = {"stratified": schema.target, "random": None}.get(schema.split, schema.split_column)
    sides = Stored()
    chosen = _chooser(disk_table, schema, column, val_size, test_size, seed)
    counts = np.zeros(3, np.int64)
    for start, block in zip(
        disk_table.starts, disk_table.blocks([column or schema.target]), strict=True
    ):
        side = chosen(start, block)
        counts += np.bincount(side, minlength=3)
        sides.append(side)
    check_sides(counts.tolist(), test_size)
    return sides, dict(enumerate(counts.tolist()))


def _chooser(
    disk_table: DiskTable,
    schema: Schema,
    column: str | None,
    val_size: float,
    test_size: float,
    seed: int,
) -> Callable[[int, Table], npt.NDArray[np.int8]]:
    """A function from a block, and the number of its first row, to the sides of its rows."""

    def hashes(start: int, rows: int) -> Keys:
        return _mixed(np.arange(start, start + rows, dtype=np.uint64), seed)

    def limits(keys: Callable[[], Iterable[Keys]], rows: int) -> tuple[int, int]:
        """The keys below which a row validates, or else is held out."""
        val, test = math.ceil(val_size * rows), math.ceil(test_size * rows)

        def weighted() -> Iterator[tuple[Keys, None]]:
            return ((block, None) for block in keys())

        first, second = (smallest(weighted, k) if k < rows else 1 << 64 for k in (val, val + test))
        return first, second

    def side(keys: Keys, first: int, second: int) -> npt.NDArray[np.int8]:
        below = [
            np.ones(len(keys), np.bool_) if at == 1 << 64 else keys < at for at in (first, second)
        ]
        return np.where(below[0], VAL, np.where(below[1], TEST, TRAIN)).astype(np.int8)

    if schema.split == "group":
        ends = [int(share * 2.0**64) for share in (val_size, val_size + test_size)]

        def by_group(start: int, block: Table) -> npt.NDArray[np.int8]:
            return side(_of_groups(block, str(column), seed), ends[0], ends[1])

        return by_group
    if schema.split == "time":

        def latest_first(block: Table) -> Keys:
            return ~keys_of(times_of(block, str(column)))

        # Rows of the same time are on the same side, that of the latest of them.
        held, later = math.ceil(test_size * disk_table.rows), math.ceil(val_size * disk_table.rows)

        def last_of(rows: int) -> int:
            blocks = lambda: ((latest_first(b), None) for b in disk_table.blocks([str(column)]))  # noqa: E731
            return smallest(blocks, min(rows, disk_table.rows) - 1)

        test_end = last_of(held) if held else -1
        val_end = last_of(held + later)

        def by_time(start: int, block: Table) -> npt.NDArray[np.int8]:
            keys = latest_first(block)
            test = keys <= test_end if held else np.zeros(len(keys), np.bool_)
            return np.where(test, TEST, np.where(keys <= val_end, VAL, TRAIN)).astype(np.int8)

        return by_time
    if schema.split == "stratified":
        classes = [count for count in disk_table.counts()[schema.target][0].values()]

        def of_class(code: int) -> Iterator[Keys]:
            blocks = disk_table.blocks([schema.target])
            for start, block in zip(disk_table.starts, blocks, strict=True):
                yield hashes(start, block.rows)[block.texts[schema.target].codes == code]

        ends_of = [
            limits(lambda code=code: of_class(code), rows)  # type: ignore[misc]
            for code, rows in enumerate(classes)
        ]

        def by_class(start: int, block: Table) -> npt.NDArray[np.int8]:
            keys, codes = hashes(start, block.rows), block.texts[schema.target].codes
            sides = np.zeros(block.rows, np.int8)
            for code in np.unique(codes):
                sides[codes == code] = side(keys[codes == code], *ends_of[code])
            return sides

        return by_class

    def of_all() -> Iterator[Keys]:
        lengths = np.diff([*disk_table.starts, disk_table.rows]).tolist()
        return (hashes(start, rows) for start, rows in zip(disk_table.starts, lengths, strict=True))

    first, second = limits(of_all, disk_table.rows)
    return lambda start, block: side(hashes(start, block.rows), first, second)


def _mixed(numbers: Keys, seed: int) -> Keys:
    """Each number's hash, a permutation of the 64-bit numbers: SplitMix64's (Steele, Lea and Flood,
    "Fast splittable pseudorandom number generators", 2014)."""
    golden = 0x9E3779B97F4A7C15

    def mix(z: Keys) -> Keys:
        with np.errstate(over="ignore"):
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Keys = z ^ (z >> np.uint64(31))
        return mixed

    start = mix(np.array([seed + golden], np.uint64))
    with np.errstate(over="ignore"):
        return mix(mix(numbers * np.uint64(golden) + start))


def _of_groups(block: Table, column: str, seed: int) -> Keys:
    """A hash of each row's group."""
    if column in block.numbers:
        return _mixed(keys_of(block.numbers[column]), seed)
    import hashlib

    texts = block.texts[column]
    present, inverse = np.unique(texts.codes, return_inverse=True)
    digests = [
        hashlib.blake2b(texts.levels[code].encode(), digest_size=8).digest() for code in present
    ]
    hashes: Keys = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    drawn: Keys = _mixed(hashes, seed)[inverse]
    return drawn


def fit(disk_table: DiskTable, schema: Schema, sides: Stored | None) -> Spec:
    """What `fitting.fit` learns, of the rows that train, or of all where `sides` is None.

    Raises:
        InputError: a column has no value at all in these rows.
    """
    levels = disk_table.levels
    classes = classes_of(levels[schema.target]) if schema.classifies else None

    def fit_column(column: Column) -> Feature:
        if column.kind == "numeric":
            return _fit_numbers(disk_table, column, sides)
        return _fit_texts(*disk_table.counts(sides, TRAIN, [column.name])[column.name], column)

    columns = list(in_order(fit_column, schema.columns, most=2))
    return Spec(schema.task, schema.target, classes, _with_bins(columns, disk_table, sides))


def _with_bins(
    columns: list[Feature], disk_table: DiskTable, sides: Stored | None
) -> list[Feature]:
    """The columns with their bins: the edges, and which levels have a bin, from as many rows as
    `fitting.fit_bins` takes them from; the counts from all that train."""
    names = [feature.name for feature in columns]

    def training() -> Iterator[Table]:
        for number, block in enumerate(disk_table.blocks(names)):
            rows = None if sides is None else np.flatnonzero(sides.block(number) == TRAIN)
            yield block.take(rows)

    step = -(-sum(block.rows for block in training()) // bins.SAMPLE)
    passed, sample = 0, []
    for block in training():
        sample.append(block.take(np.arange(-passed % step, block.rows, step)))
        passed += block.rows
    few = _joined(sample)
    learned = [replace(feature, bins=fitting.fit_bins(few, feature)) for feature in columns]
    counts: list[list[bins.Counts]] = [[] for _ in learned]
    for block in training():
        for feature, so_far in zip(learned, counts, strict=True):
            met = features.in_bins(feature, block)
            so_far[:] = [a + b for a, b in zip(so_far, met, strict=True)] if so_far else met
    return [
        replace(
            feature,
            bins=[replace(b, rows=r.tolist()) for b, r in zip(feature.bins, found, strict=True)],
        )
        for feature, found in zip(learned, counts, strict=True)
    ]


def _fit_texts(count_of: dict[str, int], missing: int, column: Column) -> Feature:
    fill, levels = fitting.fit_levels(count_of, missing, column)
    raw = fitting.unscaled(column, fill, levels)
    if column.encoding == "onehot":
        return raw
    weights = np.array([*count_of.values(), missing], np.float64)
    # A level that no training row has may mean a number that is far off; it weighs nothing.
    table = features.category_values(Categorical(np.array([], np.int64), list(count_of)), raw)
    scales = [
        _scale(output, lambda values=values: [(values, weights)])  # type: ignore[misc]
        for output, values in zip(raw.outputs, table.T, strict=True)
    ]
    return replace(raw, mean=[mean for mean, _ in scales], std=[std for _, std in scales])


def _fit_numbers(disk_table: DiskTable, column: Column, sides: Stored | None) -> Feature:
    def blocks() -> Iterator[tuple[npt.NDArray[Any], int]]:
        """The numbers that are there, and how many are not."""
        for i in range(len(disk_table.starts)):
            numbers = disk_table.column(column.name).block(i)
            if sides is not None:
                numbers = numbers[sides.block(i) == TRAIN]
            present = numbers[~np.isnan(numbers)] if numbers.dtype.kind == "f" else numbers
            yield present, len(numbers) - len(present)

    def weighted() -> Iterator[Weighted]:
        for numbers, _ in blocks():
            if numbers.dtype == np.int8:  # of these there are few kinds
                counts = np.bincount(numbers.view(np.uint8), minlength=256)
                kinds = np.flatnonzero(counts)
                yield kinds.astype(np.int8).astype(np.float64), counts[kinds]
            else:
                yield numbers.astype(np.float64), None

    def keys() -> Iterator[tuple[Keys, npt.NDArray[Any] | None]]:
        return ((keys_of(values), weights) for values, weights in weighted())

    rows, missing = (
        sum(counts) for counts in zip(*((len(p), m) for p, m in blocks()), strict=True)
    )
    if isinstance(column.impute, int | float):
        fill = float(column.impute)
    elif not rows:
        raise fitting.without_value(column.name)
    elif column.impute == "mean":
        fill = math.fsum(_sum(values, weights) for values, weights in weighted()) / rows
    else:
        low, high = (number_of(smallest(keys, k)) for k in ((rows - 1) // 2, rows // 2))
        fill = (low + high) / 2

    def filled() -> Iterator[Weighted]:
        yield from weighted()
        yield np.array([fill]), np.array([missing])

    mean, std = _scale(column.name, filled)
    return replace(fitting.unscaled(column, fill, []), mean=[mean], std=[std])


def _scale(name: str, values: Callable[[], Iterable[Weighted]]) -> tuple[float, float]:
    """The mean and the standard deviation of what `values` gives anew at each call."""
    n = sum(len(block) if weights is None else int(weights.sum()) for block, weights in values())
    mean = math.fsum(_sum(block, weights) for block, weights in values()) / n
    sums, squares = [], []
    with np.errstate(over="ignore"):
        for block, weights in values():
            sums.append(_sum(block - mean, weights))
            squares.append(_sum(np.square(block - mean), weights))
    correction = math.fsum(sums) ** 2 / n
    variance = math.fsum(squares) - correction if math.isfinite(max(squares)) else math.inf
    return mean, fitting.std_of(name, n, mean, variance / n)


def _sum(values: npt.NDArray[np.float64], weights: npt.NDArray[Any] | None) -> float:
    return float(values.sum() if weights is None else (values * weights).sum())


def unseen(disk_table: DiskTable, spec: Spec, sides: Stored, side: int) -> dict[str, int]:
    """As `features.unseen`, of the rows of one side."""
    known = {c.name: set(c.levels) for c in spec.columns if c.kind == "categorical"}
    counts = {
        name: sum(count for level, count in count_of.items() if level not in known[name])
        for name, (count_of, _) in disk_table.counts(sides, side, known).items()
    }
    return {name: count for name, count in counts.items() if count}


def profile_of(disk_table: DiskTable) -> dict[str, Any]:
    """As `profile.profile_of`."""
    step = -(-disk_table.rows // SAMPLE)
    columns = {}
    for name, totals in disk_table.totals.items():
        samples = [
            disk_table.column(name).block(i)[-start % step :: step].copy()  # a view keeps the block
            for i, start in enumerate(disk_table.starts)
        ]
        columns[name] = profile_of_numbers(np.concatenate(samples), totals)
    for name, (count_of, missing) in disk_table.counts().items():
        columns[name] = profile_of_texts(count_of, missing)
    return {"rows": disk_table.rows, "sampled": -(-disk_table.rows // step), "columns": columns}


def shards(
    disk_table: DiskTable, sides: Stored, rows_of: dict[int, int], most: int
) -> Iterator[tuple[int, Table, Indices]]:
    """The rows of the sides as tables of at most `most` rows, those of a side about equally long:
    each with its side and the numbers of all its rows."""
    goal = {side: -(-rows // -(-rows // most)) for side, rows in rows_of.items() if rows}
    held: dict[int, list[Table]] = {side: [] for side in goal}
    for i, block in enumerate(disk_table.blocks()):
        chosen = sides.block(i)
        for side, size in goal.items():
            rest = block.take(np.flatnonzero(chosen == side))
            room = size - sum(table.rows for table in held[side])
            while rest.rows >= room:
                yield _shard(side, [*held[side], rest.take(np.arange(room))])
                rest, held[side] = rest.take(np.arange(room, rest.rows)), []
                room = size
            if rest.rows:
                held[side].append(rest)
    for side, tables in held.items():
        if tables:
            yield _shard(side, tables)


def _shard(side: int, tables: list[Table]) -> tuple[int, Table, Indices]:
    table = _joined(tables)
    return side, table, np.arange(table.rows)


def _joined(tables: list[Table]) -> Table:
    """One table of all the rows; the levels are the same throughout."""
    return Table(
        sum(table.rows for table in tables),
        {name: np.concatenate([t.numbers[name] for t in tables]) for name in tables[0].numbers},
        {
            name: Categorical(np.concatenate([t.texts[name].codes for t in tables]), texts.levels)
            for name, texts in tables[0].texts.items()
        },
    )

"""The first step: a table becomes training and validation arrays, and the spec that made them."""

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainer import contract
from trainer.errors import InputError
from trainer.uri import local_path
from vertex_tabular.features import fitting
from vertex_tabular.features import spec as features
from vertex_tabular.features.profile import profile_of, to_html
from vertex_tabular.preprocessing import out_of_core as shards
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.npz import Rows, write_npz
from vertex_tabular.preprocessing.split import TEST, TRAIN, VAL, split_rows
from vertex_tabular.schema.schema import Schema, parse_schema
from vertex_tabular.tables import diagnosis, sources
from vertex_tabular.tables.builder import TableBuilder
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.reader import Indices, Table, read_parts
from vertex_tabular.tables.records import TableReadError

log = logging.getLogger(__name__)

RESULTS = (
    contract.SPEC,
    contract.TRAIN_DATA,
    contract.VAL_DATA,
    contract.TEST_DATA,
    contract.PROFILE,
    contract.PROFILE_PAGE,
)

ArrayOf = Callable[[Indices], npt.NDArray[Any]]


@dataclass(frozen=True)
class Side:
    """How the rows of a side are named: as one file, as shards, and in words."""

    flag: str
    file: str
    directory: str
    keys: tuple[str, str]
    called: str

    def shard(self, number: int) -> str:
        return f"{self.directory}/{self.flag}-{number:05d}.npz"


SIDES = (
    Side("train", contract.TRAIN_DATA, contract.TRAIN_SHARDS, contract.TRAIN_KEYS, "training"),
    Side("val", contract.VAL_DATA, contract.VAL_SHARDS, contract.VAL_KEYS, "validation"),
    Side("test", contract.TEST_DATA, contract.TEST_SHARDS, contract.TEST_KEYS, "held out"),
)


@dataclass(frozen=True)
class Prepared:
    """What was written: the metadata of each side's rows, and the content of `spec.json`.

    There is `test` only where rows were held out. Where it is `sharded`, each side is a directory.
    """

    train: dict[str, object]
    val: dict[str, object]
    spec: dict[str, object]
    test: dict[str, object] | None = None
    sharded: bool = False

    def name(self, side: int) -> str:
        """The name of the file, or directory, of a side: TRAIN, VAL or TEST."""
        return SIDES[side].directory if self.sharded else SIDES[side].file


def prepare(
    csv: str,
    schema: Mapping[str, object],
    directory: str,
    config: PrepareConfig | None = None,
    *,
    origin: Mapping[str, str] | None = None,
    **settings: Any,
) -> Prepared:
    """Writes `train_data.npz`, `val_data.npz` and `spec.json` into `directory`, with a
    `test_size` also `test_data.npz`, and what is in the table as `profile.json` and `.html`.

    Of a table of more than `shard_rows` rows, it writes shards of at most so many instead:
    `train_shards/train-00000.npz` and so on. Memory then depends on `shard_rows`, and no longer on
    the number of rows; which rows validate is another choice than that of a shorter table, see
    `vertex_tabular.preprocessing.out_of_core`.

    Args:
        csv: path or gs:// URI of the table: a file, a pattern or a directory, in any format of
            `vertex_tabular.tables.sources`.
        schema: as `vertex_tabular.schema.schema` describes it.
        directory: path or gs:// URI; `spec.json` is written last, so its presence means that all
            is there.
        config: how the table becomes arrays; None is its defaults.
        origin: what `spec.json` says of the table beside its columns: `source` and `fingerprint`.
        settings: fields of `config` that are to have another value: `val_size=0.3`.

    Raises:
        InputError: a setting, the schema or the table is at fault; one line for each problem.
        TypeError: there is no setting of that name.
    """
    config = replace(config or PrepareConfig(), **settings)
    checked = parse_schema(schema)
    target = local_path(directory)

    table = _read(csv, checked, config.shard_rows)
    if isinstance(table, DiskTable):
        sides, rows_of = shards.split(
            table, checked, config.val_size, config.test_size, config.split_seed
        )
        spec = shards.fit(table, checked, None if config.fit_on == "all" else sides)
        new = {side: shards.unseen(table, spec, sides, side) for side in (VAL, TEST)}
        profile = shards.profile_of(table)
        pieces = (
            (side, rows, *_arrays_of(spec, piece, config.dtype))
            for side, piece, rows in shards.shards(table, sides, rows_of, config.shard_rows)
        )
    else:
        chosen = dict(
            enumerate(
                split_rows(table, checked, config.val_size, config.test_size, config.split_seed)
            )
        )
        rows_of = {side: len(rows) for side, rows in chosen.items()}
        trains = None
        if config.fit_on == "train":
            trains = np.ones(table.rows, np.bool_)
            trains[chosen[VAL]] = trains[chosen[TEST]] = False
        spec = fitting.fit(table, checked, trains)
        new = {side: features.unseen(spec, table, chosen[side]) for side in (VAL, TEST)}
        profile = profile_of(table)
        arrays_of = _arrays_of(spec, table, config.dtype)
        pieces = ((side, rows, *arrays_of) for side, rows in chosen.items() if len(rows))
    _check_unseen(new, checked, rows_of, config.max_unseen)

    _remove_results(target)  # nothing old may stand beside something new
    written: list[list[dict[str, object]]] = [[], [], []]
    try:
        for side, rows, x_of, y_of in pieces:
            name = SIDES[side].file
            if isinstance(table, DiskTable):
                name = SIDES[side].shard(len(written[side]))
            written[side].append(_write(target / name, SIDES[side].keys, rows, x_of, y_of))
        if isinstance(table, DiskTable):
            written = [_list_shards(target, side, parts) for side, parts in enumerate(written)]
        _write_profile(profile, target)
        content = features.save(spec, target / contract.SPEC, origin)
    except BaseException:
        _remove_results(target)
        raise
    written[VAL][0]["unseen"] = new[VAL]
    test = written[TEST][0] if written[TEST] else None
    return Prepared(written[TRAIN][0], written[VAL][0], content, test, isinstance(table, DiskTable))


def _list_shards(
    directory: Path, side: int, parts: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Writes the manifest of a side's shards, and returns their metadata in one, if there are any.

    Its sha256 is the manifest's, which has those of the shards.
    """
    if not parts:
        return []
    names = [Path(SIDES[side].shard(number)).name for number in range(len(parts))]
    contract.write_manifest(directory / SIDES[side].directory, names)
    sha256 = contract.sha256_of(directory / SIDES[side].directory / contract.MANIFEST)
    rows = sum(cast(int, part["rows"]) for part in parts)
    return [{**parts[0], "rows": rows, "sha256": sha256, "shards": len(parts)}]


def _remove_results(directory: Path) -> None:
    for name in RESULTS:
        with contextlib.suppress(OSError):  # what cannot be removed cannot be written to either
            (directory / name).unlink()
    for side in SIDES:
        shards_of_side = directory / side.directory
        for path in [
            *shards_of_side.glob(f"{side.flag}-*.npz"),
            shards_of_side / contract.MANIFEST,
        ]:
            with contextlib.suppress(OSError):
                path.unlink()


def read_checked(uri: str, schema: Schema) -> Table:
    """Reads the columns of the schema.

    Args:
        uri: as `vertex_tabular.tables.sources` describes it.

    Raises:
        InputError: with everything that is wrong with the table.
    """
    table = _read(uri, schema, 0)
    assert isinstance(table, Table)
    return table


def _read(uri: str, schema: Schema, most: int) -> Table | DiskTable:
    """As `read_checked`; a table of more than `most` rows, unless that is 0, as a disk_table."""
    parts = sources.parts_of(uri)
    builder: TableBuilder | DiskTable = TableBuilder()
    try:
        blocks = read_parts(parts, schema)
        if schema.drops:
            blocks = _with_target(blocks, schema.target)
        for block in blocks:
            builder.append(block)
            if isinstance(builder, TableBuilder) and 0 < most < builder.rows:
                builder = DiskTable.of(builder)
        table = builder if isinstance(builder, DiskTable) else builder.table()
    except TableReadError as refusal:
        diagnosis.explain(parts, schema)
        raise InputError(f"{uri} must be a table, got {refusal}") from None
    if diagnosis.is_doubtful(table.outline() if isinstance(table, DiskTable) else table, schema):
        diagnosis.explain(parts, schema)
    return table


def _with_target(blocks: Iterable[Table], target: str) -> Iterator[Table]:
    """Small tables without the rows that have no target; how many those are is logged."""
    left_out = 0
    for block in blocks:
        kept = np.flatnonzero(~block.missing(target)) if block.rows else np.arange(0)
        left_out += block.rows - len(kept)
        yield block if len(kept) == block.rows else block.take(kept)
    if left_out:
        log.warning("%s is missing in %d rows, which are left out", target, left_out)


def _check_unseen(
    new: dict[int, dict[str, int]], schema: Schema, rows: dict[int, int], most: float
) -> None:
    problems = [
        f"{column.name} must have levels unseen in training in at most {most:.0%} of the "
        f"{SIDES[side].called} rows (max_unseen), got "
        f"in {counts[column.name]} of {rows[side]}; bucket them with `rare`"
        for side, counts in new.items()
        for column in schema.columns
        if not column.rare and counts.get(column.name, 0) > most * rows[side]
    ]
    if problems:
        raise InputError("\n".join(problems))


def _arrays_of(spec: features.Spec, table: Table, dtype: str) -> tuple[ArrayOf, ArrayOf]:
    """X and y of a table, as functions of the numbers of rows."""
    return features.make_features(spec, table, dtype), features.make_targets(spec, table, dtype)


def _write(
    path: Path, keys: tuple[str, str], rows: Indices, x_of: ArrayOf, y_of: ArrayOf
) -> dict[str, object]:
    """Writes one npz block by block, so that X never exists as a whole."""

    def of_rows(array_of: ArrayOf) -> Rows:
        none = array_of(rows[:0])
        shape = (len(rows), *none.shape[1:])
        return Rows(shape, none.dtype, lambda start, stop: array_of(rows[start:stop]))

    X, y = of_rows(x_of), of_rows(y_of)
    with contract.atomic_write(path) as file:
        sha256 = write_npz(file, dict(zip(keys, (X, y), strict=True)))
    return {"rows": len(rows), "features": X.shape[1], "dtype": str(X.dtype), "sha256": sha256}


def _write_profile(profile: dict[str, Any], directory: Path) -> None:
    for name, text in (
        (contract.PROFILE, json.dumps(profile, indent=2)),
        (contract.PROFILE_PAGE, to_html(profile)),
    ):
        with contract.atomic_write(directory / name) as file:
            file.write(text.encode() + b"\n")

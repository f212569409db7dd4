"""The first step: a table becomes training and validation arrays, and the spec that made them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trainer import contract
from trainer.errors import InputError
from trainer.uri import local_path
from vertex_tabular.features.spec import save_spec
from vertex_tabular.preprocessing.config import PrepareConfig
from vertex_tabular.preprocessing.in_memory import InMemory
from vertex_tabular.preprocessing.on_disk import OnDisk
from vertex_tabular.preprocessing.preparation import Preparation
from vertex_tabular.preprocessing.reading import read_table
from vertex_tabular.preprocessing.results import replaced_results, write_profile, write_splits
from vertex_tabular.preprocessing.splits import SPLIT_FILES, TEST, VAL
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.schema import Schema
from vertex_tabular.tables.disk_table import DiskTable
from vertex_tabular.tables.table import Table


@dataclass(frozen=True)
class Prepared:
    """What was written: the metadata of each split's rows, and the content of `spec.json`.

    There is `test` only if there are test rows. If it is `sharded`, each split is a directory.
    """

    train: dict[str, Any]
    val: dict[str, Any]
    spec: dict[str, Any]
    test: dict[str, Any] | None = None
    sharded: bool = False

    def name(self, split: int) -> str:
        """The name of the file, or directory, of a split: TRAIN, VAL or TEST."""
        return SPLIT_FILES[split].directory if self.sharded else SPLIT_FILES[split].file


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
    `vertex_tabular.preprocessing.splitters`.

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

    table = read_table(csv, checked, config.shard_rows)
    preparation = _split(table, checked, config)
    spec = preparation.fit()
    unseen = {split: preparation.unseen(spec, split) for split in (VAL, TEST)}
    _check_unseen(unseen, preparation, checked, config.max_unseen)
    source = (origin or {}).get("source", csv)
    profile = {"source": source, "target": checked.target, **preparation.profile()}
    with replaced_results(target):
        train, val, test = write_splits(target, preparation.pieces(spec), preparation.sharded)
        write_profile(target, profile)
        content = save_spec(spec, target / contract.SPEC, origin)
    val["unseen"] = unseen[VAL]
    return Prepared(train, val, content, test or None, preparation.sharded)


def _split(table: Table | DiskTable, schema: Schema, config: PrepareConfig) -> Preparation:
    if isinstance(table, Table):
        return InMemory(table, schema, config)
    return OnDisk(table, schema, config)


def _check_unseen(
    unseen: Mapping[int, Mapping[str, int]], preparation: Preparation, schema: Schema, limit: float
) -> None:
    """Raises InputError if a column has too many rows of categories unseen in training."""
    problems = [
        f"{column.name} must have categories unseen in training in at most {limit:.0%} of the "
        f"{SPLIT_FILES[split].words} rows (max_unseen), got {counts[column.name]} of "
        f"{preparation.rows[split]}; give it `min_frequency` so that rare ones share a code"
        for split, counts in unseen.items()
        for column in schema.columns
        if not column.min_frequency and counts.get(column.name, 0) > limit * preparation.rows[split]
    ]
    if problems:
        raise InputError("\n".join(problems))

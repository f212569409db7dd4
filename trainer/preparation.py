"""The first step: a table becomes training and validation arrays, and the spec that made them."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer import contract, diagnosis, features, sources
from trainer.config import whole
from trainer.errors import InputError
from trainer.npz import Rows, write_npz
from trainer.profile import profile_of, to_html
from trainer.schema import Schema, parse_schema
from trainer.split import split_rows
from trainer.tables import Indices, Refused, Table, read_table

FIT_ON = ("train", "all")
DTYPES = ("float32", "float64")
RESULTS = (
    contract.SPEC,
    contract.TRAIN_DATA,
    contract.VAL_DATA,
    contract.TEST_DATA,
    contract.PROFILE,
    contract.PROFILE_PAGE,
)


@dataclass(frozen=True)
class Prepared:
    """What was written: the metadata of each npz, and the content of `spec.json`.

    There is `test` only where rows were held out.
    """

    train: dict[str, object]
    val: dict[str, object]
    spec: dict[str, object]
    test: dict[str, object] | None = None


def prepare(
    csv: str,
    schema: Mapping[str, object],
    directory: str,
    *,
    fit_on: str = "train",
    dtype: str = "float32",
    val_size: float = 0.2,
    split_seed: int | float | str = 42,
    max_unseen: float = 0.05,
    holdout_size: float = 0.0,
) -> Prepared:
    """Writes `train_data.npz`, `val_data.npz` and `spec.json` into `directory`, with a
    `holdout_size` also `test_data.npz`, and what is in the table as `profile.json` and `.html`.

    Args:
        csv: path or gs:// URI of the table: a file, a pattern or a directory, in any format of
            `trainer.sources`.
        schema: as `trainer.schema` describes it.
        directory: path or gs:// URI; `spec.json` is written last, so its presence means that all
            is there.
        fit_on: the rows that medians, levels, means and standard deviations come from: "train",
            or "all" as in the lesson.
        dtype: of X. With "float64", y is int64 as in the lesson.
        val_size: the share of the rows that validate.
        split_seed: which rows those are.
        max_unseen: the share of the rows that validate, or are held out, which may have a level
            that no training row has, in any one column without a bucket for rare levels.
        holdout_size: the share of the rows that neither train nor validate.

    Raises:
        InputError: an argument, the schema or the table is at fault; one line for each problem.
    """
    try:
        seed = whole(str(split_seed))
    except ValueError:
        raise InputError(f"split_seed must be a whole number, however: {split_seed!r}") from None
    if fit_on not in FIT_ON:
        raise InputError(f"fit_on must be one of {', '.join(FIT_ON)}, however: {fit_on!r}")
    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, however: {dtype!r}")
    if not 0 <= max_unseen <= 1:
        raise InputError(f"max_unseen must be from 0 to 1, however: {max_unseen:g}")
    checked = parse_schema(schema)
    target = contract.local_path(directory)

    table = read_checked(csv, checked)
    train, val, test = split_rows(table, checked, val_size, holdout_size, seed)
    # In the file's order: a sum's last bit depends on it, and a walk through memory is faster.
    spec = features.fit(table, checked, None if fit_on == "all" else _ascending(train, table.rows))
    new = {
        side: features.unseen(spec, table.take(rows))
        for side, rows in (("validation", val), ("held out", test))
    }
    _check_unseen(new, checked, {"validation": len(val), "held out": len(test)}, max_unseen)

    sides = [(contract.TRAIN_DATA, contract.TRAIN_KEYS, train)]
    sides += [(contract.VAL_DATA, contract.VAL_KEYS, val)]
    sides += [(contract.TEST_DATA, contract.TEST_KEYS, test)] if len(test) else []
    _remove_results(target)  # nothing old may stand beside something new
    try:
        written = [
            _write(target / name, keys, spec, table, rows, dtype) for name, keys, rows in sides
        ]
        _write_profile(profile_of(table), target)
        content = features.save(spec, target / contract.SPEC)
    except BaseException:
        _remove_results(target)
        raise
    written[1]["unseen"] = new["validation"]
    return Prepared(written[0], written[1], content, *written[2:])


def _remove_results(directory: Path) -> None:
    for name in RESULTS:
        with contextlib.suppress(OSError):  # what cannot be removed cannot be written to either
            (directory / name).unlink()


def read_checked(uri: str, schema: Schema) -> Table:
    """Reads the columns of the schema.

    Args:
        uri: as `trainer.sources` describes it.

    Raises:
        InputError: with everything that is wrong with the table.
    """
    parts = sources.parts_of(uri)
    try:
        table = read_table(parts, schema)
    except Refused as refusal:
        diagnosis.explain(parts, schema)
        raise InputError(f"{uri} must be a table, however: {refusal}") from None
    if diagnosis.is_doubtful(table, schema):
        diagnosis.explain(parts, schema)
    return table


def _check_unseen(
    new: dict[str, dict[str, int]], schema: Schema, rows: dict[str, int], most: float
) -> None:
    problems = [
        f"{column.name} must have levels unseen in training in at most {most:.0%} of the "
        f"{side} rows (max_unseen), however: in {counts[column.name]} of {rows[side]}; bucket "
        "them with `rare`"
        for side, counts in new.items()
        for column in schema.columns
        if not column.rare and counts.get(column.name, 0) > most * rows[side]
    ]
    if problems:
        raise InputError("\n".join(problems))


def _write(
    path: Path,
    keys: tuple[str, str],
    spec: features.Spec,
    table: Table,
    rows: Indices,
    dtype: str,
) -> dict[str, object]:
    """Writes one npz block by block, so that X never exists as a whole."""

    rows_of = features.applier(spec, table, dtype)

    def block(start: int, stop: int) -> npt.NDArray[Any]:
        return rows_of(rows[start:stop].astype(np.intp))  # numpy is slow at shorter numbers

    y = features.labels(spec, table.take(rows, [spec.target]), dtype)
    count = len(spec.features)
    arrays = (
        Rows((len(rows), count), np.dtype(dtype), block),
        Rows(y.shape, y.dtype, lambda start, stop: y[start:stop]),
    )
    with contract.atomic_write(path) as file:
        write_npz(file, dict(zip(keys, arrays, strict=True)))
    sha256 = contract.sha256_of(path)
    return {"rows": len(rows), "features": count, "dtype": dtype, "sha256": sha256}


def _write_profile(profile: dict[str, Any], directory: Path) -> None:
    for name, text in (
        (contract.PROFILE, json.dumps(profile, indent=2)),
        (contract.PROFILE_PAGE, to_html(profile)),
    ):
        with contract.atomic_write(directory / name) as file:
            file.write(text.encode() + b"\n")


def _ascending(rows: Indices, count: int) -> Indices:
    """Sorts numbers of rows, each of which is below `count` and there once."""
    chosen = np.zeros(count, np.bool_)
    chosen[rows] = True
    return np.flatnonzero(chosen)

"""The files that preprocessing leaves in its directory."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trainer import contract
from vertex_tabular.pages.profile import profile_page
from vertex_tabular.preprocessing.npz import ArraySource, write_npz
from vertex_tabular.preprocessing.preparation import ArrayOf, Piece
from vertex_tabular.preprocessing.splits import SPLIT_FILES
from vertex_tabular.tables.table import Indices

RESULTS = (
    contract.SPEC,
    contract.TRAIN_DATA,
    contract.VAL_DATA,
    contract.TEST_DATA,
    contract.PROFILE,
    contract.PROFILE_PAGE,
)

Metadata = dict[str, Any]


@contextlib.contextmanager
def replaced_results(directory: Path) -> Iterator[None]:
    """Removes older results, so that nothing old stands beside something new, and what was written
    if the block does not end well."""
    _remove_results(directory)
    try:
        yield
    except BaseException:
        _remove_results(directory)
        raise


def write_splits(directory: Path, pieces: Iterable[Piece], sharded: bool) -> list[Metadata]:
    """Writes the arrays of each split, and returns their metadata, empty for a split without rows:
    rows, features, dtype and sha256; of shards also their number, and then the sha256 is that of
    their manifest, which has theirs."""
    written: list[list[Metadata]] = [[] for _ in SPLIT_FILES]
    for piece in pieces:
        files, earlier = SPLIT_FILES[piece.split], written[piece.split]
        name = files.shard(len(earlier)) if sharded else files.file
        earlier.append(_write_piece(directory / name, piece))
    if sharded:
        return [_list_shards(directory, split, parts) for split, parts in enumerate(written)]
    return [parts[0] if parts else {} for parts in written]


def write_profile(directory: Path, profile: Mapping[str, Any]) -> None:
    """Writes a profile as JSON and as a page."""
    for name, text in (
        (contract.PROFILE, json.dumps(profile, indent=2)),
        (contract.PROFILE_PAGE, profile_page(profile)),
    ):
        with contract.atomic_write(directory / name) as file:
            file.write(text.encode() + b"\n")


def _write_piece(path: Path, piece: Piece) -> Metadata:
    """Writes one npz block by block, so that X never exists as a whole."""
    X = _source(piece.features, piece.rows)
    arrays = (X, _source(piece.targets, piece.rows))
    with contract.atomic_write(path) as file:
        sha256 = write_npz(file, dict(zip(SPLIT_FILES[piece.split].keys, arrays, strict=True)))
    return {
        "rows": len(piece.rows),
        "features": X.shape[1],
        "dtype": str(X.dtype),
        "sha256": sha256,
    }


def _source(array_of: ArrayOf, rows: Indices) -> ArraySource:
    none = array_of(rows[:0])
    shape = (len(rows), *none.shape[1:])
    return ArraySource(shape, none.dtype, lambda start, stop: array_of(rows[start:stop]))


def _list_shards(directory: Path, split: int, parts: list[Metadata]) -> Metadata:
    """Writes the manifest of a split's shards, and returns their metadata in one."""
    if not parts:
        return {}
    files = SPLIT_FILES[split]
    names = [Path(files.shard(number)).name for number in range(len(parts))]
    contract.write_manifest(directory / files.directory, names)
    sha256 = contract.sha256_of(directory / files.directory / contract.MANIFEST)
    rows = sum(part["rows"] for part in parts)
    return {**parts[0], "rows": rows, "sha256": sha256, "shards": len(parts)}


def _remove_results(directory: Path) -> None:
    paths = [directory / name for name in RESULTS]
    for name in RESULTS:
        contract.remove_leftovers(directory, name, of_living=False)
    for files in SPLIT_FILES:
        shards = directory / files.directory
        paths += [*shards.glob(f"{files.flag}-*.npz"), shards / contract.MANIFEST]
        for name in (f"{files.flag}-*.npz", contract.MANIFEST):
            contract.remove_leftovers(shards, name, of_living=False)
    for path in paths:
        with contextlib.suppress(OSError):  # what cannot be removed cannot be written to either
            path.unlink()

"""Hashes of rows and groups, which split a table on disk; no permutation of it fits."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vertex_tabular.features.selection import Keys, keys_of, smallest
from vertex_tabular.preprocessing.splits import TEST, TRAIN, VAL, Splits
from vertex_tabular.tables.table import Table

BEYOND = 1 << 64  # all hashes


def hash_rows(start: int, rows: int, seed: int) -> Keys:
    """The hashes of consecutive rows, of which `start` is the first one's number."""
    return mix(np.arange(start, start + rows, dtype=np.uint64), seed)


def hash_groups(block: Table, column: str, seed: int) -> Keys:
    """A hash of each row's group."""
    if column in block.numbers:
        return mix(keys_of(block.numbers[column]), seed)
    import hashlib

    texts = block.texts[column]
    present, inverse = np.unique(texts.codes, return_inverse=True)
    digests = [
        hashlib.blake2b(texts.categories[code].encode(), digest_size=8).digest() for code in present
    ]
    hashes: Keys = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    drawn: Keys = mix(hashes, seed)[inverse]
    return drawn


def mix(numbers: Keys, seed: int) -> Keys:
    """Each number's hash, a permutation of the 64-bit numbers: SplitMix64's (Steele, Lea and Flood,
    "Fast splittable pseudorandom number generators", 2014)."""
    golden = 0x9E3779B97F4A7C15

    def scramble(z: Keys) -> Keys:
        with np.errstate(over="ignore"):
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Keys = z ^ (z >> np.uint64(31))
        return mixed

    start = scramble(np.array([seed + golden], np.uint64))
    with np.errstate(over="ignore"):
        return scramble(scramble(numbers * np.uint64(golden) + start))


def limits(
    hashes: Callable[[], Iterable[Keys]], rows: int, ends: tuple[int, int]
) -> tuple[int, int]:
    """The hashes below which a row validates, or else is the test's.

    Args:
        hashes: gives those of all `rows` anew at each call.
        ends: how many rows validate, and how many do or are the test's.
    """

    def keys() -> Iterator[tuple[Keys, None]]:
        return ((block, None) for block in hashes())

    val, test = (smallest(keys, end) if end < rows else BEYOND for end in ends)
    return val, test


def split_below(hashes: Keys, ends: tuple[int, int]) -> Splits:
    """The splits of some rows, by `limits`."""
    val, test = (np.ones(len(hashes), np.bool_) if end == BEYOND else hashes < end for end in ends)
    return np.where(val, VAL, np.where(test, TEST, TRAIN)).astype(np.int8)

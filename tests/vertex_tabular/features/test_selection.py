"""The k-th smallest of numbers that come in blocks."""

import numpy as np

from vertex_tabular.features.selection import keys_of, number_of, smallest


def test_the_kth_smallest_is_exact() -> None:
    random = np.random.default_rng(0)
    numbers = np.concatenate([random.normal(0, 1e3, 500), [0.0, -0.0, 1e308, -1e308, 5e-324] * 3])
    parts = np.array_split(numbers, 7)
    for k in (0, 3, 250, 300, len(numbers) - 1):
        key = smallest(lambda: ((keys_of(part), None) for part in parts), k)
        assert number_of(key) == np.sort(numbers)[k]
    weights = np.array([3, 1, 5])
    key = smallest(lambda: [(keys_of(np.array([2.0, -1.0, 9.0])), weights)], 4)
    assert number_of(key) == 9

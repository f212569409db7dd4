"""Confusion: the most frequent classes in a matrix, and precision and recall of every class."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from vertex_tabular.report.confusion import confusion_of
from vertex_tabular.run.directory import RunDirectory

from .conftest import Made


class Classes(RunDirectory):
    """A run of other classes."""

    names: list[str]

    @property
    def classes(self) -> list[str]:
        return self.names


@pytest.mark.parametrize("k", [3, 30, 47])
def test_every_class_is_listed(runs: dict[str, Made], k: int) -> None:
    random = np.random.default_rng(k)
    run = Classes(runs["multiclass"].run)
    run.names = [f"a class of a rather long name, number {number}" for number in range(k)]
    y = random.integers(0, k, 2000)
    p = random.random((2000, k)) + 1.5 * np.eye(k)[y] * (random.random((2000, 1)) < 0.5)
    other = run.on(y, (p / p.sum(axis=1, keepdims=True)).astype(np.float32))
    found = confusion_of(other)
    listed = [c for part in found.listed for c in part]
    assert [c.name for c in listed] == run.names and len({c.short for c in listed}) == k
    expected = precision_recall_fscore_support(y, p.argmax(axis=1), zero_division=np.nan)
    for number, values in enumerate(expected[:3]):
        mine = [(c.precision, c.recall, c.f1)[number] for c in listed]
        np.testing.assert_allclose(mine, values)
    assert [c.rows for c in listed] == expected[3].tolist()
    assert len(found.classes) == len(found.counts) == min(k, 30)
    assert found.all_classes == k and all(len(part) <= 15 for part in found.listed)

"""A net's inputs from the features of an npz: learned from training rows, kept in the weights.

A number is standardised, and cut into its piecewise-linear encoding between quantiles (Gorishniy et
al. 2022, https://arxiv.org/abs/2203.05556), so that a small net can bend where the quantiles are.
A category is 0 or 1 for each of its levels, and a feature of two values is 0 or 1: standardised,
a rare level is a large number, and its weight runs away. numpy only, because predictions need it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CLIP = 3.0  # standard deviations, beyond which a number grows ever less
FEW_LEVELS = 16  # of which each has an input; of more, those that have enough rows
LEVEL_ROWS = 5
MAX_LEVELS = 256  # of one column, the most frequent
MAX_PIECES = 4096  # of all columns together
FEWEST_PIECES = 6  # of a number; where only fewer fit, numbers stay straight


@dataclass(frozen=True)
class Column:
    """A column of the table among the features.

    Attributes:
        features: the numbers of its features.
        codes: mean and standard deviation that standardised its codes, where these stand for
            categories: a code is 0, 1, … once this is undone.
    """

    features: tuple[int, ...]
    codes: tuple[float, float] | None = None


def columns_of(spec: Mapping[str, Any], features: int) -> list[Column]:
    """The columns that a spec.json describes; without one, each feature is a column of numbers."""
    columns, first = [], 0
    for each in spec.get("columns", ()):
        names = each["outputs"]
        ordinal = each["kind"] == "categorical" and each["encoding"] == "ordinal"
        codes = (float(each["mean"][0]), float(each["std"][0])) if ordinal else None
        columns.append(Column(tuple(range(first, first + len(names))), codes))
        first += len(names)
    return columns if first == features else [Column((i,)) for i in range(features)]


@dataclass(frozen=True)
class Encoding:
    """How features (n, features) become inputs (n, inputs).

    With v = features[:, source] * scale + shift, the first inputs are v clipped to `low` and
    `high`, of numbers; the next ones are v clipped to 0 and 1, how much of a piece lies below; and
    the last ones are 1 where v is nearer to 0 than 1/2, for the levels of categories.

    Attributes:
        source: int64 (inputs,), the feature of each input.
        scale, shift: float32 (inputs,).
        low, high: float32 (numbers,), in standard deviations.
        group: int64 (inputs,), the column of each input, counted from 0 among those that have any.
        levels: int64 (1,), how many inputs are levels.
        clip: float32 (1,), see CLIP; 0 where numbers stay straight.
    """

    source: Array
    scale: Array
    shift: Array
    low: Array
    high: Array
    group: Array
    levels: Array
    clip: Array

    def __call__(self, x: Array) -> Array:
        """Float32 (n, features) to float32 (n, inputs)."""
        v = x.take(self.source, axis=1)
        v *= self.scale
        v += self.shift
        numbers, pieces = len(self.low), len(self.source) - int(self.levels[0])
        straight, levels = v[:, :numbers], v[:, pieces:]
        np.clip(straight, self.low, self.high, out=straight)
        if self.clip[0]:
            straight /= np.sqrt(1 + (straight / self.clip[0]) ** 2)
        np.clip(v[:, numbers:pieces], 0, 1, out=v[:, numbers:pieces])
        levels[...] = np.abs(levels) < 0.5
        encoded: Array = v
        return encoded

    def to_arrays(self) -> dict[str, Array]:
        """Its fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Encoding":
        """What `to_arrays` gave.

        Raises:
            LookupError: an array is missing.
        """
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def learn_encoding(sample: Array, columns: Sequence[Column], pieces: int) -> Encoding:
    """Learns from rows of training, float32 (m, features).

    Args:
        sample: the rows.
        columns: what the features are.
        pieces: of a number, at most; 0 for none, and numbers that stay straight.
    """
    numeric = sum(len(column.features) for column in columns if column.codes is None)
    most = MAX_PIECES // max(numeric, 1)
    pieces = min(pieces, most if most >= FEWEST_PIECES else 0)
    # Of each input: its feature, scale, shift, and column; in the three sorts of inputs.
    straight: list[tuple[int, float, float, int]] = []
    bent: list[tuple[int, float, float, int]] = []
    levels: list[tuple[int, float, float, int]] = []
    limits: list[tuple[float, float]] = []
    for number, column in enumerate(columns):
        for feature in column.features:
            values = sample[:, feature].astype(np.float64)
            if column.codes is not None:
                mean, std = column.codes
                levels += [
                    (feature, std, mean - code, number) for code in _levels(values * std + mean)
                ]
                continue
            edges = np.unique(values)
            if len(edges) > 2:
                mean, std = values.mean(), values.std() or 1.0
                straight.append((feature, 1 / std, -mean / std, number))
                limits.append(((edges[0] - mean) / std, (edges[-1] - mean) / std))
                if not pieces:
                    continue
                if len(edges) > pieces + 1:
                    edges = np.unique(np.quantile(values, np.linspace(0, 1, pieces + 1)))
            bent += [
                (feature, 1 / (high - low), -low / (high - low), number)
                for low, high in zip(edges.tolist(), edges[1:].tolist(), strict=False)
            ]
    inputs = [*straight, *bent, *levels]
    _, group = np.unique([each[3] for each in inputs], return_inverse=True)
    return Encoding(
        source=np.array([each[0] for each in inputs], np.int64),
        scale=np.array([each[1] for each in inputs], np.float32),
        shift=np.array([each[2] for each in inputs], np.float32),
        low=np.array([each[0] for each in limits], np.float32),
        high=np.array([each[1] for each in limits], np.float32),
        group=group.astype(np.int64).reshape(-1),
        levels=np.array([len(levels)]),
        clip=np.array([CLIP if pieces else 0], np.float32),
    )


def _levels(codes: Array) -> list[int]:
    """The codes that have an input: of two the second; of many those that have enough rows."""
    found, counts = np.unique(np.rint(codes).astype(np.int64), return_counts=True)
    if len(found) <= 2:
        found = found[1:]
    elif len(found) > FEW_LEVELS:
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_LEVELS])
        found = found[frequent[counts[frequent] >= LEVEL_ROWS]]
    chosen: list[int] = found.tolist()
    return chosen

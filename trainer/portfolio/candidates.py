"""The portfolio: ensembles of different capacity, because no capacity suits all tables.

What each is good at was measured on 20 tables (`python -m benchmarks.quality`): a table with much
signal wants many pieces and little penalty, a small noisy one few inputs and much.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Steps:
    """How long an ensemble learns: `least_epochs`, or more if these are fewer than `least` steps,
    but for no more than `most` steps, or with more rows than LONG, by the square root of their
    number more."""

    least_epochs: int = 40
    least: int = 600
    most: int = 2000

    def epochs(self, rows: int, batch_size: int) -> int:
        """How many epochs of so many rows."""
        steps = -(-rows // (batch_size or rows))
        most = int(self.most * max(1.0, rows / LONG) ** 0.5)
        epochs = max(self.least_epochs, -(-self.least // steps))
        return max(1, min(epochs, most // steps))


@dataclass(frozen=True)
class Candidate:
    """An ensemble of the portfolio.

    Attributes:
        settings: its values for settings of `Config` that are its own.
        steps: how long it learns, where `epochs` does not say so.
        least_features: of tables that it is tried on.
    """

    settings: Mapping[str, Any]
    steps: Steps = Steps()
    least_features: int = 0


LONG = 10_000
WIDE = 100

PORTFOLIO = {
    "sparse": Candidate({"learning_rate": 0.02, "l2": 8.0, "factor_l2": 8.0, "deep_l2": 2.0}),
    "sparser": Candidate({"l2": 4.0, "factor_l2": 16.0, "deep_l2": 16.0}),
    "sparsest": Candidate(
        {"pieces": 0, "learning_rate": 0.02, "l2": 8.0, "factor_l2": 128.0, "deep_l2": 2.0},
        least_features=WIDE,
    ),
    "fine": Candidate(
        {"pieces": 48, "input_factor": "column", "l2": 4.0, "factor_l2": 4.0, "deep_l2": 4.0}
    ),
    "free": Candidate({"input_factor": "column", "l2": 1.0, "factor_l2": 1.0, "deep_l2": 1.0}),
    "linear": Candidate(
        {"hidden_layers": (), "pieces": 0, "input_factor": "none", "l2": 1.0, "deep_l2": 1.0},
        Steps(least=300, most=800),
    ),
}


def candidates_for(features: int) -> dict[str, Candidate]:
    """Those that are tried on a table of so many features."""
    return {name: each for name, each in PORTFOLIO.items() if features >= each.least_features}

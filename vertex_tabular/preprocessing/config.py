"""The settings of preprocessing: a frozen dataclass, from which its flags, the component's
parameters and the pipeline's are made (see `trainer.fields`).
"""

from dataclasses import dataclass

from trainer.errors import InputError
from trainer.fields import (
    FRACTION,
    Rule,
    check_values,
    one_of,
    parse_int,
    setting,
)

SHARE = Rule("above 0 and below 1", lambda value: 0 < value < 1)
UP_TO_ONE = Rule("from 0 to 1", lambda value: 0 <= value <= 1)
# numpy's legacy generator, whose permutation scikit-learn's split is, takes 32 bits.
SPLIT_SEED = Rule(
    "a whole number from 0 to 2**32 - 1",
    lambda value: isinstance(value, int) and 0 <= value < 2**32,
)
ROWS = Rule("a whole number of at least 0", lambda value: isinstance(value, int) and value >= 0)


@dataclass(frozen=True)
class PrepareConfig:
    """How a table becomes arrays; see each field's help.

    Raises:
        InputError: a value breaks its rule.
    """

    fit_on: str = setting(
        "rows on which medians, categories, means and standard deviations are fitted: train, or "
        "all as in the reference notebook, which leaks the validation rows into training",
        "train",
        rule=one_of("train", "all"),
    )
    dtype: str = setting(
        "type of the feature arrays: float32 or float64 (with which y is int64, as in the "
        "reference notebook)",
        "float32",
        rule=one_of("float32", "float64"),
    )
    val_size: float = setting("share of the rows that validate", 0.2, float, SHARE)
    test_size: float = setting(
        "share of the rows kept for a test, which neither train nor validate", 0.0, float, FRACTION
    )
    split_seed: int = setting("seed of the split", 42, parse_int, SPLIT_SEED)
    max_unseen: float = setting(
        "share of the validation or test rows that may have a category unseen in training, in any "
        "one column without a bucket for rare ones",
        0.05,
        float,
        UP_TO_ONE,
    )
    shard_rows: int = setting(
        "maximum rows of one npz: a longer table becomes shards; 0 is no limit",
        10_000_000,
        parse_int,
        ROWS,
    )

    def __post_init__(self) -> None:
        check_values(type(self), vars(self), label=str)
        check_shares(self.val_size, self.test_size)


def check_shares(val_size: float, test_size: float) -> None:
    """The rule of the two shares of a split together.

    Raises:
        InputError: they leave no row to train on.
    """
    if val_size + test_size >= 1:
        raise InputError(
            f"val_size and test_size must be below 1 together, got {val_size:g} and {test_size:g}"
        )

"""The settings of one training run: a frozen dataclass, and the command line made from it.

Each field is written once (see `trainer.fields`); the flags, and the parameters of the training
component and of the pipeline, are made from the fields, so that they cannot disagree.
"""

import argparse
import dataclasses
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from trainer.errors import InputError
from trainer.fields import (
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    Rule,
    check_values,
    one_of,
    parse_bool,
    parse_hidden,
    parse_int,
    parse_value,
    setting,
    text_of,
)
from trainer.models import FAMILIES, settings_of
from trainer.tasks.kinds import TASKS

THREADS = Rule("from 0 to 1024", lambda value: 0 <= value <= 1024)
LAYERS = Rule("positive whole numbers, as in 64,32", lambda value: all(n > 0 for n in value))


def flag(*arguments: Any, affects_training: bool = True, **named: Any) -> Any:
    """A `setting`. `affects_training` says that the weights depend on its value, so that a
    checkpoint of another value cannot be resumed."""
    return setting(*arguments, affects_training=affects_training, **named)


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one run. Paths are local or gs://; see `--help` for each field's meaning.

    Raises:
        InputError: a value breaks its rule.
    """

    train: str = flag("npz with X_train and y_train; or a directory or glob of such shards")
    val: str = flag("npz with X_val and y_val; or a directory or glob of such shards")
    test: str = flag("npz with X_test and y_test: rows that choose nothing", "")
    spec: str = flag("spec.json of the features (default: the one beside --train, if any)", "")
    model_out: str = flag(
        "directory for the results (default: AIP_MODEL_DIR, else the current directory)",
        ".",
        affects_training=False,
    )
    task: str = flag(
        "binary, multiclass or regression (default: what the spec says, else binary)",
        "",
        rule=one_of("", *TASKS),
    )
    recipe: str = flag(
        "plain, the reference notebook's net; or strong, an ensemble on piecewise-linear "
        "encodings, which has its own values for the settings that are not given, and needs no "
        "early stop",
        "plain",
        rule=one_of(*FAMILIES),
    )
    hidden_layers: tuple[int, ...] = flag(
        "widths of the hidden layers", (64, 32), parse_hidden, LAYERS
    )
    dropout: float = flag("share of hidden units dropped in training", 0.0, float, FRACTION)
    epochs: int = flag("passes over the training rows, at most", 500, parse_int, POSITIVE)
    batch_size: int = flag("rows a step; 0 is all of them", 0, parse_int, NOT_NEGATIVE)
    learning_rate: float = flag("Adam's step size", 0.001, float, POSITIVE)
    learning_rate_schedule: str = flag(
        "learning rate over the epochs: none, or cosine down to zero",
        "none",
        rule=one_of("none", "cosine"),
    )
    weight_decay: float = flag("decoupled weight decay (AdamW)", 0.0, float, NOT_NEGATIVE)
    l2: float = flag(
        "l2 / 2 times the sum of the squared weights is added to the loss summed over the training "
        "rows (scikit-learn's alpha)",
        0.0,
        float,
        NOT_NEGATIVE,
    )
    class_weight: str = flag(
        "weight of each class in the loss: none, or balanced (rarer counts more)",
        "none",
        rule=one_of("none", "balanced"),
    )
    patience: int = flag(
        "stop after so many epochs without improvement; 0 never stops", 50, parse_int, NOT_NEGATIVE
    )
    min_delta: float = flag(
        "an epoch improves when best - loss exceeds this", 0.001, float, NOT_NEGATIVE
    )
    restore_best: bool = flag("keep the best epoch's weights, not the last one's", True, parse_bool)
    seed: int = flag("seed of every random choice", 42, parse_int, SEED)
    device: str = flag(
        "auto, cpu, or cuda, which fails where there is none",
        "auto",
        rule=one_of("auto", "cpu", "cuda"),
    )
    threads: int = flag(
        "CPU threads; 0 chooses by the size of a step",
        0,
        parse_int,
        THREADS,
        affects_training=False,
    )
    checkpoint_dir: str = flag(
        "directory to resume from (default: AIP_CHECKPOINT_DIR; without either, no checkpoints)",
        "",
        affects_training=False,
    )
    checkpoint_every: int = flag(
        "epochs between checkpoints", 100, parse_int, POSITIVE, affects_training=False
    )
    checkpoint_minutes: float = flag(
        "minutes between checkpoints, at most", 5.0, float, POSITIVE, affects_training=False
    )

    def __post_init__(self) -> None:
        check_values(type(self), vars(self))

    @classmethod
    def create(cls, **given: Any) -> "Config":
        """The settings given, and for the others the values of the recipe, or the defaults.

        Raises:
            InputError: a value breaks its rule.
        """
        check_values(cls, given)
        return cls(**{**settings_of(given.get("recipe", "plain")), **given})

    @classmethod
    def from_args(cls, argv: Sequence[str]) -> "Config":
        """The settings that a command line asks for; flags as `--name value` or `--name=value`.

        Reads AIP_MODEL_DIR and AIP_CHECKPOINT_DIR, which Vertex sets when the job has a
        baseOutputDirectory, for the directories that `argv` does not name
        (https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables).

        Raises:
            InputError: an unknown or missing flag, or a value that breaks its rule.
            SystemExit: `--help` was asked for and printed.
        """
        parser = _Parser(prog="python -m trainer", allow_abbrev=False)
        for field in dataclasses.fields(cls):
            required = field.default is dataclasses.MISSING
            shown = (
                "" if required or field.default == "" else f" (default: {text_of(field.default)})"
            )
            help = field.metadata["help"]
            parser.add_argument(
                f"--{field.name}",
                required=required,
                default=argparse.SUPPRESS,
                metavar="X",
                help=help if "(default" in help else help + shown,
            )
        values = vars(parser.parse_args(argv))
        values = {name: parse_value(cls, name, text) for name, text in values.items()}
        for name, variable in (
            ("model_out", "AIP_MODEL_DIR"),
            ("checkpoint_dir", "AIP_CHECKPOINT_DIR"),
        ):
            if directory := os.environ.get(variable):
                values.setdefault(name, directory)
        return cls.create(**values)

    @property
    def selects(self) -> bool:
        """Whether the validation rows choose the epoch that training ends with."""
        return self.restore_best or self.patience > 0

    def to_dict(self) -> dict[str, Any]:
        """Every setting by its flag's name, in values that JSON has."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    def resume_key(self) -> dict[str, Any]:
        """The settings that the weights depend on; those of a checkpoint must be the same."""
        affects_training = {
            f.name for f in dataclasses.fields(self) if f.metadata["affects_training"]
        }
        return {name: value for name, value in self.to_dict().items() if name in affects_training}


class _Parser(argparse.ArgumentParser):
    """Reports bad usage as an InputError instead of printing usage and exiting."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; python -m trainer --help lists the flags")

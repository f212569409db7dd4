"""The settings of one training run: a frozen dataclass, and the command line made from it.

Each field is written once (see `trainer.fields`); the flags, and the parameters of the training
component and of the pipeline, are made from the fields, so that they cannot disagree.
"""

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from trainer.errors import InputError
from trainer.fields import (
    ANY,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    Rule,
    check_values,
    one_of,
    or_own,
    parse_choice,
    parse_hidden,
    parse_int,
    parse_value,
    setting,
    text_of,
)
from trainer.models import NETS
from trainer.tasks.kinds import TASKS

THREADS = Rule("from 0 to 1024", lambda value: 0 <= value <= 1024)
LAYERS = Rule(
    "positive whole numbers, as in 64,32",
    lambda value: value is None or all(n > 0 for n in value),
)
MEMBERS = Rule("from 1 to 64", lambda value: 1 <= value <= 64)
MODELS = ("auto", "ensemble", *NETS)


def flag(*arguments: Any, affects_training: bool = True, **named: Any) -> Any:
    """A `setting`. `affects_training` says that the weights depend on its value, so that a
    checkpoint of another value cannot be resumed."""
    return setting(*arguments, affects_training=affects_training, **named)


def own(help: str, none: Any, parse: Any = str, rule: Rule = ANY) -> Any:
    """A `flag` of which each model has its own value: `none` stands for that."""
    shown = repr(none) if none else "empty" if none in ("", None) else none
    return flag(f"{help} ({shown}: the model's own)", none, parse, or_own(rule, none), own=rule)


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
    model: str = flag(
        "auto, which tries several ensembles and blends the best; mlp, the reference notebook's "
        "net; or ensemble, one of auto's with the settings that are given",
        "mlp",
        rule=one_of(*MODELS),
    )
    hidden_layers: tuple[int, ...] | None = own(
        "widths of the hidden layers, or linear for none", None, parse_hidden, LAYERS
    )
    dropout: float = flag(
        "share of hidden units dropped in training, of an mlp", 0.0, float, FRACTION
    )
    members: int = own("nets of an ensemble", 0, parse_int, MEMBERS)
    pieces: int = own(
        "pieces that an ensemble cuts a number into, between quantiles", -1, parse_int, NOT_NEGATIVE
    )
    input_factor: str = own(
        "what an ensemble learns a factor for, so that what decides nothing is left out: none, "
        "input, or column of the table",
        "",
        rule=one_of("none", "input", "column"),
    )
    epochs: int = own("passes over the training rows, at most", 0, parse_int, POSITIVE)
    batch_size: int = own("rows a step; 0 is all of them", -1, parse_int, NOT_NEGATIVE)
    learning_rate: float = own("Adam's step size", 0.0, float, POSITIVE)
    learning_rate_schedule: str = own(
        "learning rate over the steps: none, or cosine down to zero",
        "",
        rule=one_of("none", "cosine"),
    )
    weight_decay: float = flag("decoupled weight decay (AdamW)", 0.0, float, NOT_NEGATIVE)
    l2: float = own(
        "l2 / 2 times the sum of the squared weights is added to the loss summed over the training "
        "rows (scikit-learn's alpha); of an ensemble, those of the first layer and the biases",
        -1.0,
        float,
        NOT_NEGATIVE,
    )
    factor_l2: float = own("the same for an ensemble's factors", -1.0, float, NOT_NEGATIVE)
    deep_l2: float = own(
        "the same for an ensemble's weights behind the first layer", -1.0, float, NOT_NEGATIVE
    )
    class_weight: str = flag(
        "weight of each class in the loss: none, or balanced (rarer counts more)",
        "none",
        rule=one_of("none", "balanced"),
    )
    patience: int = own(
        "stop after so many epochs without improvement; 0 never stops", -1, parse_int, NOT_NEGATIVE
    )
    min_delta: float = flag(
        "an epoch improves when best - loss exceeds this", 0.001, float, NOT_NEGATIVE
    )
    restore_best: bool | None = own(
        "keep the best epoch's weights, not the last one's", None, parse_choice
    )
    refit: str = own(
        "rows that the model learns once more after the figures are taken: none, or all, which is "
        "training and validation rows together",
        "",
        rule=one_of("none", "all"),
    )
    budget: float = flag(
        "arithmetic that auto may use, in 10^9 rows times parameters times epochs; fewer epochs "
        "are what it saves by; 0: by the number of rows",
        0.0,
        float,
        NOT_NEGATIVE,
    )
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

    def filled(self, values: Mapping[str, Any]) -> "Config":
        """The same, with `values` for those settings that are the model's own."""
        mine = {
            field.name
            for field in dataclasses.fields(self)
            if "own" in field.metadata and getattr(self, field.name) == field.default
        }
        return dataclasses.replace(self, **{n: v for n, v in values.items() if n in mine})

    def given(self) -> list[str]:
        """The settings that are not left to the model."""
        fields = [field for field in dataclasses.fields(self) if "own" in field.metadata]
        return [field.name for field in fields if getattr(self, field.name) != field.default]

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
            quiet = required or field.default == "" or "own" in field.metadata
            shown = "" if quiet else f" (default: {text_of(field.default)})"
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
        return cls(**values)

    @property
    def selects(self) -> bool:
        """Whether the validation rows choose the epoch that training ends with."""
        return bool(self.restore_best) or self.patience > 0

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

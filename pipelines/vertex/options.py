"""The options of a run on Vertex AI, in addition to the settings of `project.settings`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """How a field of `RunOptions` is given on the command line.

    Attributes:
        help: for `--help` and the reference.
        flag: the option, where it is not made from the field's name.
        metavar: the placeholder of its value in the help, where it is not its type.
        positional: whether it is given without a flag.
    """

    help: str
    flag: str = ""
    metavar: str = ""
    positional: bool = False


def _option(
    default: Any, help: str, *, flag: str = "", metavar: str = "", positional: bool = False
) -> Any:
    return field(default=default, metadata={"option": Option(help, flag, metavar, positional)})


@dataclass(frozen=True)
class RunOptions:
    """The options of a run on Vertex AI.

    A new option is a field here and its use in `pipelines.vertex.plan`: the options of
    `tabpipe submit` and `tabpipe schedule apply` are made from the fields. An empty value, or None,
    means that the option was not given.
    """

    csv: str = _option(
        "", "Table on Cloud Storage. Default: the project's.", metavar="TABLE", positional=True
    )
    schema: Path | None = _option(
        None, "Feature schema (YAML). Default: the project's.", metavar="FILE"
    )
    sets: Sequence[str] = _option(
        (), "Set a parameter of the pipeline; may be repeated.", flag="--set", metavar="NAME=VALUE"
    )
    machine: str = _option("", "Machine type of the training job. Default: the pipeline's.")
    accelerator: str = _option(
        "", "GPUs of each machine, for example NVIDIA_TESLA_T4:1.", metavar="TYPE:COUNT"
    )
    spot: bool = _option(False, "Train on Spot machines.")
    hours: float | None = _option(
        None, "Time limit of the training job, in hours; at most, and by default, a week."
    )
    force: bool = _option(
        False, "Send machines and regions that the tables of tabpipe do not know."
    )
    labels: Sequence[str] = _option(
        (),
        "Label of the run and its training job; may be repeated.",
        flag="--label",
        metavar="KEY=VALUE",
    )
    model: str = _option(
        "", "Predict with this run directory instead of training.", metavar="gs://…"
    )

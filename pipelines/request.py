"""What a user asks of a run, made complete and checked once, for this machine and Vertex AI alike.

Values come from options such as `--csv`, from `--set NAME=VALUE`, and from tabpipe.toml. Every rule
of every step is checked here, before anything is written or sent; a message calls a value what the
user typed.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.code import Code
from components.signature import HYPERPARAMETERS, PREPROCESSING
from pipelines import parameters, prediction, training
from pipelines.project import settings as project
from pipelines.project.sample import SAMPLE_ROWS, SAMPLE_SEED, sample_schema, write_sample
from pipelines.spec import spec_of
from trainer.config import Config
from trainer.errors import InputError
from trainer.fields import check_given, parse_values
from trainer.uri import Uri
from vertex_tabular.prediction.writers import FORMATS
from vertex_tabular.preprocessing.config import PrepareConfig, check_shares
from vertex_tabular.run.find import find_run
from vertex_tabular.schema.parse import parse_schema
from vertex_tabular.schema.reader import read_schema


@dataclass(frozen=True)
class RunRequest:
    """A run to be started, complete and checked.

    Attributes:
        compiled: the pipeline's YAML.
        arguments: values of its parameters, the YAML's defaults hold for the others.
        labels: what the user typed for a parameter, by its name, where that is not its name.
    """

    compiled: str
    arguments: dict[str, Any]
    labels: Mapping[str, str]

    @property
    def values(self) -> dict[str, Any]:
        """The value of every parameter."""
        declared = parameters.declared(spec_of(self.compiled))
        return {**parameters.defaults(declared), **self.arguments}


def build_request(
    compiled: str,
    sets: Iterable[str],
    options: Mapping[str, tuple[str, Any]],
    fallbacks: Mapping[str, Any],
) -> RunRequest:
    """Puts a run's values together, and checks them.

    Args:
        compiled: the pipeline's YAML.
        sets: `NAME=VALUE` of `--set`.
        options: by parameter: the option that sets it, and its value, None when not given.
        fallbacks: values of parameters that the user did not give; None for none.

    Raises:
        InputError: a value is malformed or breaks a rule, is given twice, or is missing.
    """
    declared = parameters.declared(spec_of(compiled))
    arguments = parameters.parse_settings(sets, declared)
    labels = {}
    for name, (option, value) in options.items():
        if value is None:
            continue
        if name in arguments:
            raise InputError(f"give {option} or --set {name}=, not both")
        arguments[name], labels[name] = value, option
    given = {name: value for name, value in fallbacks.items() if value is not None}
    arguments = {**given, **arguments}
    for name, parameter in declared.items():
        if name not in arguments and not parameter.get("isOptional"):
            if name == "schema":
                raise InputError(project.SCHEMA_MISSING)
            option = options.get(name, (f"--set {name}=", None))[0]
            raise InputError(f"{option} must be given")
    request = RunRequest(compiled, arguments, labels)
    check_request(request)
    return request


def check_request(request: RunRequest) -> None:
    """Applies the rules of all steps to their parameters.

    Raises:
        InputError: a step would refuse a value.
    """
    values, labels = request.values, request.labels
    parameters.check(values, labels)
    if "schema" in values:
        parse_schema(values["schema"])
        parsed = _check(Config, {name: values[name] for name in HYPERPARAMETERS}, labels)
        given = {name: value for name, value in parsed.items() if name in request.arguments}
        check_given(Config, given, lambda name: labels.get(name, name))
        _check(PrepareConfig, {name: values[name] for name in PREPROCESSING}, labels)
        check_shares(values["val_size"], values["test_size"])
    elif f".{values['output_format']}" not in FORMATS:
        formats = ", ".join(suffix[1:] for suffix in FORMATS)
        raise InputError(f"output_format must be one of {formats}, got {values['output_format']}")


def _check(owner: type, values: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The values of a settings dataclass, checked by its rules."""

    texts = {name: str(value) for name, value in values.items()}
    return parse_values(owner, texts, lambda name: labels.get(name, name))


def local_request(
    csv: str | None,
    schema: Path | None,
    sets: Iterable[str],
    root: Path,
    model: str | None = None,
) -> RunRequest:
    """What runs on this machine.

    Args:
        csv: the table; None takes the project's, else a sample, which is then written into `root`.
        schema: feature schema file; None takes the project's, or the sample's.
        sets: `NAME=VALUE` of `--set`.
        root: directory of the runs.
        model: a run whose model is to predict, as `find_run` takes it; None to train.

    Raises:
        InputError: as `build_request`, or there is no such file.
    """
    code = Code.in_image(training.DEFAULT_IMAGE)
    if csv == "":
        raise InputError("--csv must name a file, got an empty name")
    options: dict[str, tuple[str, Any]] = {"csv": ("--csv", csv)}
    sets = list(sets)
    if model is not None:
        if schema is not None:
            raise InputError("--model takes no --schema: the model has its own")
        if csv is None and not any(each.startswith("csv=") for each in sets):
            raise InputError("--csv must be given, the table to predict")
        options = {
            "csv": ("--csv", csv),
            "run_directory": ("--model", Uri(find_run(model, root)).absolute),
        }
        request = build_request(prediction.compiled(code), sets, options, {})
        _check_exists(request)
        return request
    set_names = {each.partition("=")[0] for each in sets}
    project_csv, project_schema = project.data_of(os.environ, Path.cwd())
    sampled = csv is None and project_csv is None and "csv" not in set_names
    sample = root / "sample.csv"
    fallbacks: dict[str, Any] = {"csv": str(sample.resolve()) if sampled else project_csv}
    if "schema" not in set_names and schema is None:
        if project_schema is not None:
            fallbacks["schema"] = read_schema(project_schema)
        elif sampled:
            fallbacks["schema"] = sample_schema()
    content = None if schema is None else read_schema(schema)
    options["schema"] = ("--schema", content)
    request = build_request(training.compiled(code), sets, options, fallbacks)
    if sampled:
        write_sample(sample, SAMPLE_ROWS, SAMPLE_SEED)
    else:
        _check_exists(request)
    return request


def _check_exists(request: RunRequest) -> None:
    """Finds the table, and names it in full: a run works in another directory."""
    from vertex_tabular.tables.sources import parts_of

    csv = request.arguments["csv"]
    if not Uri(csv).is_cloud:
        parts_of(csv)
    request.arguments["csv"] = Uri(csv).absolute
    parameters.check_text(request.labels.get("csv", "csv"), request.arguments["csv"])

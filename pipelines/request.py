"""What a user asks of a run, made complete and checked once, for this machine and Vertex AI alike.

Values come from TABLE, options such as `--schema`, `--set NAME=VALUE`, and tabpipe.toml; a table
without a schema gets one that its values suggest, and the request says what. Every rule of every
step is checked here, before anything is written or sent; a message calls a value what the user
typed.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from vertex_tabular.schema.reader import load_yaml, read_schema
from vertex_tabular.tables.inference import infer

SAMPLE = "sample.csv"
INFER = "--target COLUMN infers a schema"
TABLE_MISSING = (
    "a table must be given, got none; tabpipe run TABLE --target COLUMN trains on yours, "
    "tabpipe run --sample on made-up passengers"
)


@dataclass(frozen=True)
class RunRequest:
    """A run to be started, complete and checked.

    Attributes:
        compiled: the pipeline's YAML.
        arguments: values of its parameters, the YAML's defaults hold for the others.
        labels: what the user typed for a parameter, by its name, where that is not its name.
        notes: what was decided for the user, a line each.
    """

    compiled: str
    arguments: dict[str, Any]
    labels: Mapping[str, str]
    notes: Sequence[str] = ()

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
    filed: Mapping[str, project.Setting] | None = None,
) -> RunRequest:
    """Puts a run's values together, and checks them.

    Args:
        compiled: the pipeline's YAML.
        sets: `NAME=VALUE` of `--set`.
        options: by parameter: the option that sets it, and its value, None when not given.
        fallbacks: values of parameters that the user did not give; None for none.
        filed: values of parameters from tabpipe.toml; the user's win over them.

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
    for name, value in _filed_values(filed or {}, declared).items():
        if name not in arguments:
            given[name], labels[name] = value, f"{name} in {project.FILE}"
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


def _filed_values(
    filed: Mapping[str, project.Setting], declared: parameters.Declared
) -> dict[str, Any]:
    """The values of tabpipe.toml, each of the type that is declared for it."""
    found: dict[str, Any] = {}
    names = declared.keys() - {"csv", "schema"}  # which are settings, and relative to the file
    for name, setting in filed.items():
        known = parameters.known_name(name, names, setting.origin)
        try:
            found |= parameters.parse_settings([f"{known}={setting.value}"], declared)
        except InputError as error:
            raise InputError(f"{error} (from {setting.origin})") from None
    return found


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
    target: str | None = None,
    sample: bool = False,
) -> RunRequest:
    """What runs on this machine.

    Args:
        csv: the table; None takes the project's.
        schema: feature schema file; None takes the project's, or infers one from the table.
        sets: `NAME=VALUE` of `--set`.
        root: directory of the runs.
        model: a run whose model is to predict, as `find_run` takes it; None to train.
        target: the column to predict; then the schema is inferred from the table.
        sample: whether to take the made-up sample, which is written into `root`, and its schema.

    Raises:
        InputError: as `build_request`, or there is no such file, or no table was named.
    """
    code = Code.in_image(training.DEFAULT_IMAGE)
    sets = list(sets)
    names = parameters.set_names(sets)
    _check_options(csv, schema, names, model, target, sample)
    options: dict[str, tuple[str, Any]]
    if model is not None:
        options = {
            "csv": ("TABLE", csv),
            "run_directory": ("--model", Uri(find_run(model, root)).absolute),
        }
        request = build_request(prediction.compiled(code), sets, options, {})
        _check_exists(request)
        return request
    filed = project.parameters_of(os.environ, Path.cwd())
    project_csv, project_schema = project.data_of(os.environ, Path.cwd())
    notes: Sequence[str] = ()
    fallbacks: dict[str, Any] = {}
    if sample:
        fallbacks = {"csv": str((root / SAMPLE).resolve()), "schema": sample_schema()}
    elif csv is None and "csv" not in names:
        if project_csv is None:
            raise InputError(TABLE_MISSING)
        fallbacks["csv"] = project_csv
    options = {
        "csv": ("TABLE", csv),
        "schema": ("--schema", None if schema is None else read_schema(schema)),
    }
    if schema is None and "schema" not in names and not sample:
        if project_schema is not None and target is None:
            fallbacks["schema"] = read_schema(project_schema)
            if csv is not None:
                notes = [f"{project_schema} says what is read, as the project has it; {INFER}"]
        else:
            given = dict(each.split("=", 1) for each in sets if each.startswith("csv="))
            table = csv or given.get("csv") or fallbacks["csv"]
            found = infer(str(table), target)
            fallbacks["schema"], notes = load_yaml(found.schema), found.summary
    request = build_request(training.compiled(code), sets, options, fallbacks, filed)
    if sample:
        write_sample(root / SAMPLE, SAMPLE_ROWS, SAMPLE_SEED)
    else:
        _check_exists(request)
    return replace(request, notes=notes)


def _check_options(
    csv: str | None,
    schema: Path | None,
    names: set[str],
    model: str | None,
    target: str | None,
    sample: bool,
) -> None:
    """Raises InputError where two things that were given exclude each other, or one is missing."""
    if csv == "":
        raise InputError("TABLE must name a file, got an empty name")
    if sample and (csv is not None or "csv" in names or target is not None or model is not None):
        raise InputError("--sample has its own table and target, got another; leave one out")
    if target is not None and (schema is not None or "schema" in names):
        raise InputError("give --target or --schema, not both: a schema names its target")
    if model is None:
        return
    if schema is not None or target is not None:
        option = "--target" if schema is None else "--schema"
        raise InputError(f"--model takes no {option}: the model has its own")
    if csv is None and "csv" not in names:
        raise InputError("TABLE must be given, the table to predict")


def _check_exists(request: RunRequest) -> None:
    """Finds the table, and names it in full: a run works in another directory."""
    from vertex_tabular.tables.sources import parts_of

    csv = request.arguments["csv"]
    if not Uri(csv).is_cloud:
        parts_of(csv)
    request.arguments["csv"] = Uri(csv).absolute
    parameters.check_text(request.labels.get("csv", "csv"), request.arguments["csv"])

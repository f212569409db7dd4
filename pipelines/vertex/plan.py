"""What `submit` and `schedule apply` are about to send, decided and checked before anything is."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from components.code import Code
from pipelines import parameters, prediction, training
from pipelines.lint import check
from pipelines.prices.cost import CostEstimate, Machine, estimate
from pipelines.prices.machines import UNSPECIFIED, parse_accelerator
from pipelines.project.settings import Settings
from pipelines.vertex import package, submission
from pipelines.vertex.client import Vertex
from trainer.config import Config
from trainer.contract import MANIFEST
from trainer.errors import InputError
from trainer.uri import join
from vertex_tabular.preprocessing.prepare import check_arguments
from vertex_tabular.schema.schema import parse_schema

# https://cloud.google.com/vertex-ai/docs/training/pre-built-containers#pytorch
PREBUILT_GPU_IMAGE = "us-docker.pkg.dev/vertex-ai/training/pytorch-gpu.2-4.py310:latest"
TITLE, PREDICTION_TITLE = "tabular training", "tabular prediction"


@dataclass(frozen=True)
class RunRequest:
    """What the user asks of a run, beside the settings.

    Attributes:
        csv: gs:// URI of the input; empty takes the project's.
        schema: feature schema file; None takes the project's, else the Titanic's.
        sets: `name=value` parameters.
        machine: machine type of the training job; empty takes the pipeline's default.
        accelerator: TYPE:COUNT; empty for none.
        spot: whether the training job runs on Spot machines.
        hours: after which the training job is ended; None takes Vertex AI's own limit.
        labels: `key=value` labels of the run and its training job.
        model: gs:// URI of a run directory, to predict with it rather than train; empty to train.
    """

    csv: str
    schema: Path | None
    sets: Iterable[str]
    machine: str
    accelerator: str
    spot: bool
    hours: float | None
    labels: Iterable[str]
    model: str = ""


@dataclass(frozen=True)
class Plan:
    """What will be sent.

    Attributes:
        job: a PipelineJob as JSON.
        inputs: what is read, which must exist.
        wheel: URI and content of the package to upload; None in image mode.
        machine: what the training job runs on; None where there is none.
        spot: whether on Spot machines.
        hours: after which the training job is ended.
    """

    job: dict[str, Any]
    inputs: tuple[str, ...]
    wheel: tuple[str, bytes] | None
    machine: Machine | None
    spot: bool
    hours: float

    def cost(self, region: str, runs_per_month: float | None = None) -> CostEstimate:
        """What a run costs at most, at list prices."""
        return estimate(
            self.machine,
            hours=self.hours,
            spot=self.spot,
            runs_per_month=runs_per_month,
            region=region,
        )

    def upload_inputs(self, vertex: Vertex) -> None:
        """Uploads the package if it is not there yet, and reads that the input exists.

        Raises:
            InputError: there is no such input.
        """
        for uri in self.inputs:
            vertex.size(uri)
        if self.wheel is not None:
            uri, content = self.wheel
            vertex.upload_once(content, uri)


def plan(wanted: RunRequest, settings: Settings) -> Plan:
    """Compiles, checks and assembles; nothing is sent.

    Raises:
        InputError: a value is malformed or missing, or a lint rule finds something.
    """
    if wanted.model:
        return _prediction(wanted, settings)
    code, wheel = _code(settings)
    compiled = training.compiled(code)
    declared = parameters.declared(yaml.safe_load(compiled))
    arguments = parameters.parse_settings(wanted.sets, declared)
    labels = submission.parse_labels(wanted.labels)
    kind, count = parse_accelerator(wanted.accelerator)
    schema = str(wanted.schema or settings.schema.value)
    given: dict[str, Any] = {
        "csv": wanted.csv or settings.csv.value,
        "schema": parameters.read_schema(Path(schema)) if schema else None,
        "machine_type": wanted.machine,
        "accelerator_type": kind,
        "accelerator_count": count or None,
        "job_strategy": "SPOT" if wanted.spot else None,
        "job_timeout_seconds": None if wanted.hours is None else round(3600 * wanted.hours),
        # Left out, the job would run as Vertex AI's own agent and not as the pipeline's account.
        "job_service_account": settings.service_account.value,
        "job_labels": {"owner": submission.as_label(settings.owner.value), **labels},
    }
    if wheel is not None and kind:
        given["training_image"] = PREBUILT_GPU_IMAGE
    given = {name: value for name, value in given.items() if value not in (None, "")}
    arguments = {**given, **arguments}
    csv = _on_cloud_storage("--csv", arguments.get("csv", ""), "FILE.csv")
    values = {**parameters.defaults(declared), **arguments}
    check_ranges(values)
    job = submission.pipeline_job(compiled, arguments, settings, labels, TITLE)
    _lint(compiled, arguments)
    kind = str(values["accelerator_type"]).replace(UNSPECIFIED, "")
    machine = Machine(str(values["machine_type"]), kind, values["accelerator_count"])
    hours = values["job_timeout_seconds"] / 3600
    return Plan(job, (csv,), wheel, machine, values["job_strategy"] == "SPOT", hours)


def _prediction(wanted: RunRequest, settings: Settings) -> Plan:
    """The same of the pipeline that predicts, which has no training job."""
    if wanted.schema or wanted.machine or wanted.accelerator or wanted.spot or wanted.hours:
        raise InputError(
            "--model predicts, got --schema, --machine, --accelerator, --spot or --hours, "
            "which are the training's, is given"
        )
    code, wheel = _code(settings)
    compiled = prediction.compiled(code)
    declared = parameters.declared(yaml.safe_load(compiled))
    given = {"csv": wanted.csv, "run_directory": wanted.model}
    arguments = given | parameters.parse_settings(wanted.sets, declared)
    csv = _on_cloud_storage("--csv", arguments["csv"], "FILE.csv")
    model = _on_cloud_storage("--model", arguments["run_directory"], "RUN_DIRECTORY").rstrip("/")
    arguments["run_directory"] = model
    labels = submission.parse_labels(wanted.labels)
    job = submission.pipeline_job(compiled, arguments, settings, labels, PREDICTION_TITLE)
    _lint(compiled, arguments)
    return Plan(job, (csv, join(model, MANIFEST)), wheel, machine=None, spot=False, hours=0)


def _on_cloud_storage(option: str, uri: object, example: str) -> str:
    if not str(uri).startswith("gs://"):
        raise InputError(
            f"{option} must be on Cloud Storage, gs://BUCKET/{example}, "
            f"got {uri or 'it is not given'}; gcloud storage cp puts a file there"
        )
    return str(uri)


def _lint(compiled: str, arguments: Mapping[str, Any]) -> None:
    findings = check(compiled, "the pipeline", arguments)
    if findings:
        first = findings[0]
        raise InputError(
            f"the pipeline must pass tabpipe lint, got {first.rule}: {first.place}: "
            f"{first.found}; {first.fix}"
        )


def check_ranges(values: Mapping[str, Any]) -> None:
    """Applies the steps' own rules to their parameters, so that a mistake costs no run.

    Raises:
        InputError: a value that a step would refuse.
    """
    flags = [field.name for field in fields(Config) if field.name in values]
    Config.from_args(["--train=any", "--val=any", *(f"--{name}={values[name]}" for name in flags)])
    parse_schema(values["schema"])
    names = inspect.signature(check_arguments).parameters
    check_arguments(**{name: values[name] for name in names})
    if values["job_timeout_seconds"] < 1:
        raise InputError(f"--hours must be above 0, got {values['job_timeout_seconds'] / 3600:g}")


def _code(settings: Settings) -> tuple[Code, tuple[str, bytes] | None]:
    """The image that is set, or else a package of what is installed here."""
    if settings.image.value:
        return Code.in_image(settings.image.value), None
    name, content = package.wheel()
    uri = package.uri(settings.required("bucket"), name, content)
    return Code.in_package(uri), (uri, content)

"""What `submit` and `schedule apply` are about to send, decided and checked before anything is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.code import Code
from pipelines import parameters, prediction, training
from pipelines.lint import check
from pipelines.prices.cost import (
    Machine,
    UnknownPrice,
    check_budget,
    estimate,
    summary,
)
from pipelines.prices.machines import UNSPECIFIED, parse_accelerator
from pipelines.project.settings import Setting, Settings
from pipelines.request import build_request
from pipelines.vertex import packages, submission
from pipelines.vertex.checks import check_job, check_region
from pipelines.vertex.client import Vertex
from pipelines.vertex.options import RunOptions
from trainer.contract import MANIFEST
from trainer.errors import InputError
from trainer.uri import Uri, join
from vertex_tabular.schema.reader import read_schema

TITLE, PREDICTION_TITLE = "tabular training", "tabular prediction"


@dataclass(frozen=True)
class Plan:
    """What will be sent.

    Attributes:
        job: a PipelineJob as JSON.
        content: the same without its owner.
        inputs: URIs of what is read, which must exist.
        wheel: URI and content of the package to upload; None in image mode.
        machine: of the training job; None for a pipeline without one.
        spot: whether the training job runs on Spot machines.
        hours: time limit of the training job.
    """

    job: dict[str, Any]
    content: dict[str, Any]
    inputs: tuple[str, ...]
    wheel: tuple[str, bytes] | None
    machine: Machine | None
    spot: bool
    hours: float

    def upload_inputs(self, vertex: Vertex) -> None:
        """Uploads the package unless it is there, and checks that the inputs exist.

        Raises:
            InputError: there is no such object.
        """
        for uri in self.inputs:
            vertex.size(uri)
        if self.wheel is not None:
            uri, content = self.wheel
            # First, so that `clean` of another region never sees the wheel without it.
            vertex.upload_once(b"\n", packages.usage_uri(uri, vertex.project, vertex.region))
            vertex.upload_once(content, uri)


def make_plan(
    options: RunOptions, settings: Settings, filed: Mapping[str, Setting] | None = None
) -> Plan:
    """Compiles, checks and assembles; nothing is sent.

    Args:
        options: of the command line.
        settings: the settings in force.
        filed: parameters of the training pipeline from tabpipe.toml.

    Raises:
        InputError: a value is malformed or missing, or a lint rule finds an error.
    """
    check_region(settings, options.force)
    if options.hours is not None and not math.isfinite(options.hours):
        raise InputError(f"--hours must be a number, got {options.hours:g}")
    if options.model:
        return _prediction(options, settings)
    set_names = parameters.set_names(options.sets)
    kind, count = parse_accelerator(options.accelerator)
    gpu = bool(kind or set_names & {"accelerator_type", "accelerator_count"})
    code, wheel = _code(settings, gpu)
    labels = submission.parse_labels(options.labels)
    schema = options.schema and read_schema(options.schema)
    given = {
        "csv": ("TABLE", options.csv or None),
        "schema": ("--schema", schema),
        "machine_type": ("--machine", options.machine or None),
        "accelerator_type": ("--accelerator", kind or None),
        "accelerator_count": ("--accelerator", count or None),
        "job_strategy": ("--spot", "SPOT" if options.spot else None),
        "job_timeout_seconds": (
            "--hours",
            None if options.hours is None else round(3600 * options.hours),
        ),
    }
    fallbacks: dict[str, Any] = {
        "csv": settings.csv.value or None,
        # Left out, the job would run as Vertex AI's own agent and not as the pipeline's account.
        "job_service_account": settings.service_account.value or None,
        "job_kms_key": settings.kms_key.value or None,
        "job_network": settings.network.value or None,
        "job_labels": {"owner": submission.as_label(settings.owner.value), **labels},
    }
    if schema is None and "schema" not in set_names and settings.schema.value:
        fallbacks["schema"] = read_schema(Path(settings.schema.value))
    request = build_request(training.compiled(code), options.sets, given, fallbacks, filed)
    if request.values["accelerator_count"] and wheel is not None:
        raise InputError(
            "an accelerator needs an image with CUDA, got no image; "
            "tabpipe image build --gpu builds one"
        )
    if request.values["accelerator_count"] and "device" not in set_names:
        request.arguments["device"] = "cuda"  # or else a CPU would train at a GPU's price
    compiled, arguments, values = request.compiled, request.arguments, request.values
    check_job(values, request.labels, settings.region.value, options.force)
    csv = _on_cloud_storage("TABLE", arguments["csv"], "FILE.csv")
    job = submission.pipeline_job(compiled, arguments, settings, labels, _title(TITLE, settings))
    own = arguments if "job_labels" in set_names else {**arguments, "job_labels": labels}
    content = submission.without_owner(job, own, labels, _title(TITLE, settings))
    # Lint reads a job with the client library, which may not know what is newer than the tables.
    newer = {"machine_type", "accelerator_type", "accelerator_count"} if options.force else set()
    _lint(compiled, {name: value for name, value in arguments.items() if name not in newer})
    kind = str(values["accelerator_type"]).replace(UNSPECIFIED, "")
    machine = Machine(str(values["machine_type"]), kind, values["accelerator_count"])
    hours = values["job_timeout_seconds"] / 3600
    return Plan(job, content, (csv,), wheel, machine, values["job_strategy"] == "SPOT", hours)


def _prediction(options: RunOptions, settings: Settings) -> Plan:
    """The same for the prediction pipeline, which has no training job."""
    training_only = {
        "--schema": options.schema,
        "--machine": options.machine,
        "--accelerator": options.accelerator,
        "--spot": options.spot,
        "--hours": options.hours,
    }
    if refused := [option for option, value in training_only.items() if value]:
        raise InputError(f"--model predicts and takes no {refused[0]}, which is for training")
    code, wheel = _code(settings)
    given = {
        "csv": ("TABLE", options.csv or None),
        "run_directory": ("--model", options.model.rstrip("/")),
    }
    request = build_request(prediction.compiled(code), options.sets, given, {})
    compiled, arguments = request.compiled, request.arguments
    csv = _on_cloud_storage("TABLE", arguments["csv"], "FILE.csv")
    model = _on_cloud_storage("--model", arguments["run_directory"], "RUN_DIRECTORY")
    labels = submission.parse_labels(options.labels)
    title = _title(PREDICTION_TITLE, settings)
    job = submission.pipeline_job(compiled, arguments, settings, labels, title)
    content = submission.without_owner(job, arguments, labels, title)
    _lint(compiled, arguments)
    inputs = (csv, join(model, MANIFEST))
    return Plan(job, content, inputs, wheel, machine=None, spot=False, hours=0)


def estimate_cost(
    plan: Plan, region: str, budget: float | None, runs_per_month: float | None = None
) -> str:
    """The estimate to show, or which price is not known: not every region is in the price table.

    Args:
        plan: what will be sent.
        region: whose prices.
        budget: limit in USD of a month where there is a schedule, else of a run; None for none.
        runs_per_month: of a schedule; None for a single run.

    Raises:
        InputError: above the budget, or there is a budget and no estimate.
    """
    try:
        cost = estimate(
            plan.machine,
            steps=len(plan.job["pipelineSpec"]["root"]["dag"]["tasks"]),
            hours=plan.hours,
            spot=plan.spot,
            runs_per_month=runs_per_month,
            region=region,
        )
    except UnknownPrice as unknown:
        if budget is not None:
            raise
        return f"the cost is unknown: {unknown}"
    if budget is not None:
        check_budget(cost, budget)
    return summary(cost)


def _title(title: str, settings: Settings) -> str:
    """What the Console shows after the owner's name."""
    return f"{settings.name.value}: {title}" if settings.name.value else title


def _on_cloud_storage(option: str, uri: object, example: str) -> str:
    if not Uri(str(uri)).is_cloud:
        raise InputError(
            f"{option} must be on Cloud Storage, gs://BUCKET/{example}, "
            f"got {uri}; gcloud storage cp copies a file there"
        )
    return str(uri)


def _lint(compiled: str, arguments: Mapping[str, Any]) -> None:
    first = next(iter(check(compiled, "the pipeline", arguments)), None)  # the worst
    if first and first.severity == "error":
        raise InputError(
            f"the pipeline must pass tabpipe lint, got {first.rule}: {first.place}: "
            f"{first.found}; {first.fix}"
        )


def _code(settings: Settings, gpu: bool = False) -> tuple[Code, tuple[str, bytes] | None]:
    """The images that are set, or else a package of what is installed here. For a GPU the image
    with CUDA trains; where it is the only one, it runs the other steps as well."""
    with_cuda = settings.gpu_image.value if gpu else ""
    if image := settings.image.value or with_cuda:
        return Code(image, with_cuda or image), None
    name, content = packages.build_wheel()
    uri = packages.wheel_uri(settings.required("bucket"), name, content)
    return Code.in_package(uri), (uri, content)

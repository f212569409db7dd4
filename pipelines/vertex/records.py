"""A PipelineJob of the API as a `Record`."""

import json
from typing import Any

from google.protobuf import json_format

from pipelines.parameters import declared, defaults
from pipelines.record import Record, Step
from pipelines.steps import in_order

RUN_STATES = {"QUEUED": "PENDING", "CANCELLING": "RUNNING", "PAUSED": "RUNNING"}
STEP_STATES = {"SKIPPED": "CACHED", "PENDING": "WAITING", "NOT_TRIGGERED": "WAITING"}
METRICS = "system.Metrics"
VAL_DATA = "val_data"  # the output that holds the validation rows


def make_record(job: Any, project: str, region: str) -> Record:
    """A run without its steps, which the API does not list."""
    run_id = job.name.rpartition("/")[2]
    state = job.state.name.removeprefix("PIPELINE_STATE_")
    return Record(
        run_id=run_id,
        place=region,
        state=RUN_STATES.get(state, state),
        started=job.create_time,
        name=job.display_name,
        error=one_line(job.error.message),
        link=console_link(project, region, run_id),
    )


def add_details(record: Record, job: Any) -> None:
    """Adds the steps in topological order, the parameters, the metrics and the artifacts."""
    # The API lists the pipeline itself as a task, and no task that has not begun.
    details = {detail.task_name: detail for detail in job.job_detail.task_details}
    content = as_json(job)
    for name in in_order(content["pipelineSpec"]["root"]["dag"]["tasks"]):
        record.steps.append(make_step(details[name]) if name in details else Step(name, "WAITING"))
        for output, listed in details[name].outputs.items() if name in details else ():
            for artifact in listed.artifacts:
                record.artifacts[output] = artifact.uri
                metadata = as_json(artifact).get("metadata", {})
                record.fingerprint = record.fingerprint or metadata.get("fingerprint", "")
                if output == VAL_DATA:
                    record.val_sha256 = metadata.get("sha256", "")
                if artifact.schema_title == METRICS:
                    record.metrics.update(metadata)
    record.defaults = defaults(declared(content["pipelineSpec"]))
    record.parameters = content["runtimeConfig"].get("parameterValues", {})


def make_step(detail: Any) -> Step:
    """The record of one step."""
    seconds = None
    if detail.start_time and detail.end_time:
        seconds = (detail.end_time - detail.start_time).total_seconds()
    # GCPC's launcher names the job that it started in its output parameter; the launcher's own
    # container is another job.
    job: str = detail.executor_detail.container_detail.main_job
    resources = as_json(detail.execution).get("metadata", {}).get("output:gcp_resources")
    if resources:
        uri = json.loads(resources)["resources"][0]["resourceUri"]
        job = uri.partition("/v1/")[2] or job
    state = STEP_STATES.get(detail.state.name, detail.state.name)
    return Step(detail.task_name, state, seconds, job, one_line(detail.error.message))


def console_link(project: str, region: str, run_id: str) -> str:
    """A run's page in the Console."""
    return (
        f"https://console.cloud.google.com/vertex-ai/locations/{region}/pipelines/runs/{run_id}"
        f"?project={project}"
    )


def as_json(message: Any) -> dict[str, Any]:
    """A message as JSON; the keys of a map stay as they are."""
    content: dict[str, Any] = json_format.MessageToDict(type(message).pb(message))
    return content


def one_line(text: str) -> str:
    """The text with each run of white space as one blank."""
    return " ".join(text.split())

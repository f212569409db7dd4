"""Rules on names and labels that the SDK does not check and Vertex AI refuses."""

import re
from collections.abc import Iterator

from pipelines.lint.payloads.template import payloads
from pipelines.lint.pipeline import PLACEHOLDER, Pipeline
from pipelines.lint.rule import Location, rule

# https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs
PIPELINE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
MAX_DISPLAY_NAME = 128
# https://cloud.google.com/resource-manager/docs/labels-overview#requirements
MAX_LABEL = 63
MAX_LABELS = 64


@rule(
    "pipeline-name",
    why="Vertex AI refuses the name when the pipeline is submitted.",
    fix="Use at most 128 lowercase letters, digits and hyphens, and begin with no hyphen.",
)
def pipeline_name(pipeline: Pipeline) -> Iterator[Location]:
    name = str(pipeline.spec.get("pipelineInfo", {}).get("name", ""))
    if not PIPELINE_NAME.fullmatch(name):
        yield "pipelineInfo.name", name or "no name"


@rule(
    "display-name",
    why=f"Vertex AI refuses a job's display name of more than {MAX_DISPLAY_NAME} characters.",
    fix="Shorten it.",
)
def display_name(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        for payload in payloads(task):
            name = payload.get("display_name") if isinstance(payload, dict) else None
            if not isinstance(name, str) or PLACEHOLDER in name:
                continue
            if len(name) > MAX_DISPLAY_NAME:
                yield f"{task.path}: payload.display_name", f"{len(name)} characters"


@rule(
    "label",
    why="Vertex AI refuses the job.",
    fix=f"Use at most {MAX_LABELS} labels, with keys and values of at most {MAX_LABEL} "
    "lowercase letters, digits, _ and -.",
)
def label(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        for payload in payloads(task):
            labels = payload.get("labels") if isinstance(payload, dict) else None
            if not isinstance(labels, dict):
                continue
            place = f"{task.path}: payload.labels"
            if len(labels) > MAX_LABELS:
                yield place, f"{len(labels)} labels"
            for key, value in labels.items():
                # A value of another type: `payload-refused` finds it.
                if isinstance(value, str) and not (key and _is_valid(key) and _is_valid(value)):
                    yield f"{place}.{key}", f"{key}={value}"


def _is_valid(part: str) -> bool:
    if PLACEHOLDER in part:
        return True
    # Letters of every script are allowed, except capitals.
    return len(part) <= MAX_LABEL and all(
        (c.isalnum() and c == c.lower()) or c in "_-" for c in part
    )

"""Rules on caching. The key is made of the inputs' values, not of the content behind a path.

https://cloud.google.com/vertex-ai/docs/pipelines/configure-caching
"""

import re
from collections.abc import Iterator

from pipelines.lint.effects import has_effect
from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.pipeline import Pipeline, Task, strings
from pipelines.lint.rule import Location, rule

# Placeholders whose values differ in each run: https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline
_OF_THE_RUN = re.compile(
    r"\{\{\$\.pipeline_(?:job_(?:name|resource_name|uuid|create_time_utc|schedule_time_utc)"
    r"|task_(?:name|uuid))\}\}"
)
_NAMES = re.compile(r"(^|_)(name|id)$")
# Launchers of Google's components whose outputs do not show what they change.
_BIGQUERY = re.compile(r"\.container\.(v1|preview)\.bigquery\.(\w+)\.")
_CHANGES = re.compile(r"\.(deploy_model|undeploy_model|delete_\w+|vertex_notification_email)\.")


@rule(
    "cached-mutable-input",
    severity="warning",
    why="The cache's key is the path, not the content: after the file has changed, the step still "
    "gives the results of the old content.",
    fix="Pass a fingerprint of the content as a second parameter, put a version or a date into "
    "the path, or disable the step's caching (for an importer: reimport=True).",
)
def cached_mutable_input(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        if task.cached and not task.executor.get("importer", {}).get("reimport"):
            for path in fixed_paths(task):
                if path.use == "read" and not path.pinned:
                    yield path.place, path.uri


@rule(
    "cached-side-effect",
    severity="warning",
    why="The step is run for its side effect, which a cache hit skips.",
    fix="Call .set_caching_options(False) on the task.",
)
def cached_side_effect(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        if not task.cached or "importer" in task.executor or _takes_final_status(task):
            continue
        launcher = _CHANGES.search(" ".join(task.container.get("command", [])))
        if launcher:
            yield task.path, launcher[1]
        elif not _has_outputs(task) and has_effect(task):
            yield task.path, "no outputs"


@rule(
    "cached-query",
    severity="warning",
    why="The cache's key is the query's text, not the tables: after they have changed, the step "
    "still gives the results of the old rows.",
    fix="Call .set_caching_options(False) on the task, or put a date or a version of the tables "
    "into the query.",
)
def cached_query(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        launcher = _BIGQUERY.search(" ".join(task.container.get("command", [])))
        if task.cached and launcher:
            query = task.inputs.get("query")
            yield task.path, " ".join(str(query).split())[:100] if query else launcher[2]


@rule(
    "job-name-in-cached-step",
    severity="note",
    why="The value differs in each run and is part of the cache's key: the step is never cached.",
    fix="Remove it from the step's inputs, or disable the step's caching.",
)
def job_name_in_cached_step(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        if task.cached:
            # Not the channels that kfp's compiler adds: the inputs that refer to them hold it too.
            # Nor what a resource is named: one that is made in each run has a name of its own.
            declared = task.component.get("inputDefinitions", {}).get("parameters", {})
            inputs = {
                name: task.inputs[name]
                for name in declared
                if name in task.inputs and not _NAMES.search(name)
            }
            for place, text in strings(inputs, f"{task.path}: inputs"):
                placeholder = _OF_THE_RUN.search(text)
                if placeholder:
                    yield place, placeholder[0]


def _has_outputs(task: Task) -> bool:
    return bool(task.output_names("parameters") or task.output_names("artifacts"))


def _takes_final_status(task: Task) -> bool:
    """Whether it is an exit handler; PipelineTaskFinalStatus differs in each run, so no hit."""
    parameters = task.spec.get("inputs", {}).get("parameters", {})
    return any("taskFinalStatus" in source for source in parameters.values())

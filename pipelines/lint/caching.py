"""Rules on caching. The key is the values of the inputs, never the content behind a path.

https://cloud.google.com/vertex-ai/docs/pipelines/configure-caching
"""

import ast
import re
from collections.abc import Iterator

from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.pipeline import Pipeline, Step, strings
from pipelines.lint.rule import Location, rule

# What differs in every run: https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline
_OF_THE_RUN = re.compile(
    r"\{\{\$\.pipeline_(?:job_(?:name|resource_name|uuid|create_time_utc|schedule_time_utc)"
    r"|task_(?:name|uuid))\}\}"
)
# Launchers of Google's components whose outputs do not tell what they change.
_CHANGES = re.compile(r"\.(deploy_model|undeploy_model|delete_\w+|vertex_notification_email)\.")


@rule(
    "cached-mutable-input",
    why="The cache's key is the path, not what lies there: after the file has changed, the step "
    "still gives the results of the old one.",
    fix="Pass a fingerprint of the content as a second parameter, put a version or a date into "
    "the path, or turn the step's caching off (an importer: reimport=True).",
)
def cached_mutable_input(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        if step.cached and not step.executor.get("importer", {}).get("reimport"):
            for path in fixed_paths(step):
                if path.use == "read" and not path.pinned:
                    yield path.place, path.uri


@rule(
    "cached-side-effect",
    why="The step's purpose is what it does, and a cache hit leaves that out.",
    fix="Call .set_caching_options(False) on the task.",
)
def cached_side_effect(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        if not step.cached or "importer" in step.executor or _hears_how_the_run_ended(step):
            continue
        launcher = _CHANGES.search(" ".join(step.container.get("command", [])))
        if launcher:
            yield step.path, launcher[1]
        elif not (_has_outputs(step) or _only_prints(step)):
            yield step.path, "it has no outputs"


@rule(
    "job-name-in-cached-step",
    why="The value is another one in each run, and part of the cache's key: the step never hits.",
    fix="Leave it out of the step's inputs, or turn the step's caching off.",
)
def job_name_in_cached_step(pipeline: Pipeline) -> Iterator[Location]:
    for step in pipeline.steps:
        if step.cached:
            # Not the channels that kfp's compiler adds: the inputs that refer to them have it too.
            declared = step.component.get("inputDefinitions", {}).get("parameters", {})
            inputs = {name: step.inputs[name] for name in declared if name in step.inputs}
            for place, text in strings(inputs, f"{step.path}: inputs"):
                placeholder = _OF_THE_RUN.search(text)
                if placeholder:
                    yield place, placeholder[0]


def _has_outputs(step: Step) -> bool:
    return bool(step.output_names("parameters") or step.output_names("artifacts"))


def _hears_how_the_run_ended(step: Step) -> bool:
    """An exit handler's PipelineTaskFinalStatus differs in each run, so there is no hit."""
    parameters = step.task.get("inputs", {}).get("parameters", {})
    return any("taskFinalStatus" in source for source in parameters.values())


def _only_prints(step: Step) -> bool:
    """Whether the step is a Python function that does nothing but print."""
    try:
        module = ast.parse(step.container["command"][-1])
    except (KeyError, IndexError, SyntaxError, ValueError):
        return False
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return bool(functions) and all(_prints(s) for f in functions for s in f.body)


def _prints(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr):
        return isinstance(statement, ast.Pass)
    value = statement.value
    is_print = isinstance(value, ast.Call) and ast.unparse(value.func) == "print"
    return is_print or isinstance(value, ast.Constant)

"""Rules on caching. The key is made of the inputs' values, not of the content behind a path.

https://cloud.google.com/vertex-ai/docs/pipelines/configure-caching
"""

import ast
import re
from collections.abc import Iterator

from pipelines.lint.fixed_paths import fixed_paths
from pipelines.lint.pipeline import Pipeline, Task, strings
from pipelines.lint.rule import Location, rule

# Placeholders whose values differ in each run: https://cloud.google.com/vertex-ai/docs/pipelines/build-pipeline
_OF_THE_RUN = re.compile(
    r"\{\{\$\.pipeline_(?:job_(?:name|resource_name|uuid|create_time_utc|schedule_time_utc)"
    r"|task_(?:name|uuid))\}\}"
)
# Launchers of Google's components whose outputs do not show what they change.
_CHANGES = re.compile(r"\.(deploy_model|undeploy_model|delete_\w+|vertex_notification_email)\.")


@rule(
    "cached-mutable-input",
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
        elif not (_has_outputs(task) or _only_prints(task)):
            yield task.path, "no outputs"


@rule(
    "job-name-in-cached-step",
    why="The value differs in each run and is part of the cache's key: the step is never cached.",
    fix="Remove it from the step's inputs, or disable the step's caching.",
)
def job_name_in_cached_step(pipeline: Pipeline) -> Iterator[Location]:
    for task in pipeline.tasks:
        if task.cached:
            # Not the channels that kfp's compiler adds: the inputs that refer to them hold it too.
            declared = task.component.get("inputDefinitions", {}).get("parameters", {})
            inputs = {name: task.inputs[name] for name in declared if name in task.inputs}
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


def _only_prints(task: Task) -> bool:
    """Whether the step is a Python function that only prints."""
    try:
        module = ast.parse(task.container["command"][-1])
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

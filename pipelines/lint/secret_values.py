"""The rule on secrets: a compiled pipeline is copied into every run, for all to read."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines.lint.pipeline import PLACEHOLDER, Pipeline, strings
from pipelines.lint.rule import Location, rule

# What the keys of well-known services look like.
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bAIza[0-9A-Za-z_-]{35}"  # Google API key
    r"|\bGOCSPX-[0-9A-Za-z_-]{20,}|\bya29\.[0-9A-Za-z_-]{20,}"  # Google OAuth
    r"|\bAKIA[0-9A-Z]{16}\b"  # AWS
    r"|\bgh[pousr]_[0-9A-Za-z]{36}|\bgithub_pat_[0-9A-Za-z_]{22,}"
    r"|\bglpat-[0-9A-Za-z_-]{20}"  # GitLab
    r"|\bxox[abpr]-[0-9A-Za-z-]{10,}"  # Slack
    r"|\bhf_[0-9A-Za-z]{30,}"  # Hugging Face
    r"|\bsk-[0-9A-Za-z_-]{32,}"  # OpenAI and others
    r"|://[^\s/:@{}\"']+:[^\s/:@{}\"']+@"  # a password in a URL
)
# Names of parameters and variables that hold a secret; `token` alone is often one of a text.
_NAME = re.compile(
    r"(^|[_-])(password|passwd|secret|credentials?|(api|access|private|secret)[_-]?key"
    r"|(auth|access|api|hf|github)[_-]token)$",
    re.IGNORECASE,
)
_SHOWN = 4  # characters of a secret that a finding repeats


@rule(
    "secret-in-clear",
    why="Everybody who can see the run, the file or the image's command line can read it, and it "
    "cannot be taken back.",
    fix="Replace the secret at its issuer, keep it in Secret Manager, and pass its resource name: "
    "projects/P/secrets/S/versions/V.",
)
def secret_in_clear(pipeline: Pipeline) -> Iterator[Location]:
    for place, text in strings(pipeline.spec, "spec"):
        match = _SECRET.search(text)
        if match:
            yield place, _masked(match[0])
    for place, name, value in _named_values(pipeline):
        if _NAME.search(name) and _is_clear(value):
            yield place, _masked(value)


def _named_values(pipeline: Pipeline) -> Iterator[tuple[str, str, Any]]:
    parameters = pipeline.spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, parameter in parameters.items():
        yield f"root: inputs.{name}", name, parameter.get("defaultValue")
    for path, graph in pipeline.graphs:
        for task_name, task in graph.get("dag", {}).get("tasks", {}).items():
            for name, source in task.get("inputs", {}).get("parameters", {}).items():
                value = source.get("runtimeValue", {}).get("constant")
                yield f"{path}/{task_name}: inputs.{name}", name, value
    for label, executor in pipeline.executors.items():
        for variable in executor.get("container", {}).get("env", []):
            name = variable.get("name", "")
            place = f"deploymentSpec.executors.{label}.container.env.{name}"
            yield place, name, variable.get("value")


def _is_clear(value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and PLACEHOLDER not in value
        # where a secret lies, rather than what it is
        and not re.match(r"(projects/|gs://|/|https://secretmanager)", value)
    )


def _masked(secret: str) -> str:
    return f"{secret[:_SHOWN]}… ({len(secret)} characters)"

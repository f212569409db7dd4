"""Checks on a compiled KFP v2 pipeline, before it costs a run: tabpipe lint training.yaml

Each rule is one small function beside the others of its kind; this is all there is to a new one:

    @rule("no-e2-machines", why="They have no local SSD.", fix="Use n2.")
    def no_e2_machines(pipeline: Pipeline) -> Iterator[Location]:
        for step in pipeline.steps:
            if str(step.inputs.get("machine_type", "")).startswith("e2"):
                yield f"{step.path}: inputs.machine_type", step.inputs["machine_type"]
"""

from collections.abc import Mapping
from typing import Any

# The modules register their rules when they are imported.
from pipelines.lint import (  # noqa: F401
    caching,
    documents,
    jobs,
    names,
    pins,
    references,
    refused_payloads,
    secret_values,
)
from pipelines.lint.pipeline import read
from pipelines.lint.rule import RULES, Finding

__all__ = ["Finding", "check"]


def check(
    text: str, name: str = "the pipeline", arguments: Mapping[str, Any] | None = None
) -> list[Finding]:
    """Everything the rules find in a compiled YAML, by rule and place; empty when it is clean.

    Args:
        text: the content of the YAML.
        name: what to call it in an error, such as its path.
        arguments: values of the pipeline's parameters; where there is none, its default counts.

    Raises:
        InputError: the text is no compiled KFP v2 pipeline.
    """
    pipeline = read(text, name, arguments or {})
    # A set, because a component that is used twice would have its faults reported twice.
    found = {finding for rule in RULES.values() for finding in rule.findings(pipeline)}
    return sorted(found)

"""Checks of a compiled KFP v2 pipeline, before a run is paid for: tabpipe lint training.yaml

Each rule is one small function, in the module of its kind. A new rule is no more than this:

    @rule("no-e2-machines", why="They have no local SSD.", fix="Use n2.")
    def no_e2_machines(pipeline: Pipeline) -> Iterator[Location]:
        for task in pipeline.tasks:
            if str(task.inputs.get("machine_type", "")).startswith("e2"):
                yield f"{task.path}: inputs.machine_type", task.inputs["machine_type"]
"""

from collections.abc import Collection, Mapping
from typing import Any

# The modules register their rules when they are imported.
from pipelines.lint import (  # noqa: F401
    caching,
    documents,
    images,
    jobs,
    names,
    pins,
    references,
    refused_payloads,
    secret_values,
    values,
)
from pipelines.lint.pipeline import read
from pipelines.lint.rule import RULES, Finding, rules_without

__all__ = ["RULES", "Finding", "check"]


def check(
    text: str,
    name: str = "the pipeline",
    arguments: Mapping[str, Any] | None = None,
    ignore: Collection[str] = (),
) -> list[Finding]:
    """All findings in a compiled YAML, the worst first; none when it is clean.

    Args:
        text: the content of the YAML, or the JSON of a PipelineJob, whose `pipelineSpec` holds it.
        name: its name in an error, such as its path.
        arguments: values of the pipeline's parameters, in place of their defaults.
        ignore: rules to leave out, beside those that a comment in the YAML names:
            `# tabpipe lint: ignore RULE`.

    Raises:
        InputError: the text is not a compiled KFP v2 pipeline, or there is no such rule to ignore.
    """
    rules = rules_without(text, ignore)
    pipeline = read(text, name, arguments or {})
    # A set, because the faults of a component that is used twice would be reported twice.
    found = {finding for rule in rules for finding in rule.findings(pipeline)}
    return sorted(found, key=lambda finding: finding.order)

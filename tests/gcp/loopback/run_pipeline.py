"""Executes one submitted PipelineJob: python -m tests.gcp.loopback.run_pipeline DIRECTORY

`job.json` in the directory holds the spec, the parameter values and the pipeline root;
`outputs.json` there receives what the run produced. The spec is the one that arrived:
`pipelines.local` rewrites it, except that the training step runs GCPC's real launcher against the
loopback JobService.
"""

import json
import sys
from pathlib import Path
from typing import Any

from kfp import components, dsl, local

from pipelines.local.cache.code import code_fingerprint
from pipelines.local.rewriting import rewrite


def main(directory: Path) -> None:
    job = json.loads((directory / "job.json").read_text())
    text = json.dumps(job["spec"])
    text = text.replace("{{$.pipeline_google_cloud_project_id}}", job["project"])
    text = text.replace("{{$.pipeline_google_cloud_location}}", job["location"])
    spec = rewrite(json.loads(text), code_fingerprint())
    for executor in spec["deploymentSpec"]["executors"].values():
        command = executor["container"]["command"]
        executor["container"]["command"] = [
            "tests.gcp.loopback.launcher" if word == "pipelines.local.custom_job" else word
            for word in command
        ]
    local.init(
        local.SubprocessRunner(use_venv=False),
        pipeline_root=job["root"],
        enable_caching=True,
        cache_root=job["cache"],
    )
    arguments = whole_numbers(job["parameters"], spec["root"])
    task = components.load_component_from_text(json.dumps(spec))(**arguments)
    outputs = {
        name: {"uri": output.uri, "metadata": output.metadata, "type": output.schema_title}
        for name, output in task.outputs.items()
        if isinstance(output, dsl.Artifact)
    }
    (directory / "outputs.json").write_text(json.dumps(outputs))


def whole_numbers(values: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The values with 5.0 as 5 where the spec says so: every number of a request is a double."""
    declared = root.get("inputDefinitions", {}).get("parameters", {})
    return {
        name: int(value) if declared[name]["parameterType"] == "NUMBER_INTEGER" else value
        for name, value in values.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))

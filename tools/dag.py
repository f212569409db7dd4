"""Prints the graph of a compiled pipeline: python -m tools.dag build/training.yaml

The output is a Mermaid flowchart, which GitHub renders: https://mermaid.js.org/syntax/flowchart.html
"""

import sys
from pathlib import Path
from typing import Any

import yaml


def mermaid(spec: dict[str, Any]) -> str:
    """The flowchart: a node for each step, an arrow for each output that another step uses."""
    tasks = spec["root"]["dag"]["tasks"]
    lines = ["flowchart LR"]
    for name, task in sorted(tasks.items()):
        lines.append(f'  {name}["{name}<br/><small>{task["taskInfo"]["name"]}</small>"]')
    lines.append("  parameters([parameters])")
    for name, task in sorted(tasks.items()):
        inputs = task["inputs"]
        artifacts = {
            (source["producerTask"], source["outputArtifactKey"])
            for item in inputs.get("artifacts", {}).values()
            if (source := item.get("taskOutputArtifact"))
        }
        outputs = {
            (source["producerTask"], source["outputParameterKey"])
            for item in inputs.get("parameters", {}).values()
            if (source := item.get("taskOutputParameter"))
        }
        lines += [f"  {task_name} -- {key} --> {name}" for task_name, key in sorted(artifacts)]
        lines += [f"  {task_name} -. {key} .-> {name}" for task_name, key in sorted(outputs)]
        if any("componentInputParameter" in item for item in inputs["parameters"].values()):
            lines.append(f"  parameters -.-> {name}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(mermaid(yaml.safe_load(Path(sys.argv[1]).read_text())))

"""Where a local run's outputs are: `kfp.local` puts a directory with a long name in between."""

import re
from pathlib import Path

PIPELINE = "pipeline.yaml"  # the compiled YAML, in a run's directory


def link_steps(directory: Path, steps: list[str]) -> None:
    """Links each step's outputs into the run's own directory."""
    for step in steps:
        for outputs in directory.glob(f"*-*/{step}"):
            (directory / step).symlink_to(outputs.relative_to(directory))


def shortened(path: str) -> str:
    """`path` by way of such a link, where there is one."""
    short = re.sub(r"/[^/]+-\d{4}(-\d\d){5}-\d{6}(?=/)", "", path)
    return short if Path(short).exists() else path

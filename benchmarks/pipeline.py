"""The pipeline's own overhead: a whole local run against its steps' plain code, in one run.

    python -m benchmarks.pipeline --repeats 5

Both start as new processes, in turn, on the same sample: `tabpipe run`, and one process for each
step that calls what the step's component calls.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

TITANIC = Path(__file__).parents[1] / "examples" / "titanic" / "schema.yaml"
ROWS = 712
STEPS = {
    "snapshot": "from trainer.contract import sha256_of; from pathlib import Path; "
    "sha256_of(Path('sample.csv'))",
    "preprocess": "from vertex_tabular.preprocessing.prepare import prepare; "
    "prepare('sample.csv', {schema}, '.')",
    "train": "import sys; from trainer.__main__ import main; sys.exit(main("
    "['--train=train_data.npz', '--val=val_data.npz', '--model_out=run']))",
    "collect": "from vertex_tabular.report.results import load; "
    "from vertex_tabular.report.recorded import write_report_of; "
    "write_report_of(load('run', 'none').run, 'report.html')",
}


def seconds(command: list[str], directory: str) -> float:
    """How long a command takes in `directory`."""
    start = time.perf_counter()
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Prints and returns the medians, in seconds."""
    parser = argparse.ArgumentParser(description="The pipeline's own overhead.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args(arguments).repeats
    schema = repr(yaml.safe_load(TITANIC.read_text()))
    tabpipe = [sys.executable, "-m", "pipelines"]
    run = [*tabpipe, "run", "sample.csv", "--schema", str(TITANIC), "--json"]
    whole, work = [], []
    with tempfile.TemporaryDirectory() as directory:
        seconds([*tabpipe, "sample", "sample.csv", "--rows", str(ROWS)], directory)
        for _ in range(repeats):
            whole.append(seconds(run, directory))
            work.append(
                sum(
                    seconds([sys.executable, "-c", code.replace("{schema}", schema)], directory)
                    for code in STEPS.values()
                )
            )
    overhead = statistics.median(a - b for a, b in zip(whole, work, strict=True))
    result = {
        "whole_seconds": round(statistics.median(whole), 3),
        "work_seconds": round(statistics.median(work), 3),
        "overhead_seconds": round(overhead, 3),
    }
    print(
        f"pipeline, {ROWS} rows: {result['whole_seconds']:.2f} s, "
        f"of which overhead {overhead:.2f} s",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()

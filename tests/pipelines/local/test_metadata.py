"""Kubeflow's launcher fails on a null, NaN or infinity in an artifact's metadata; runs of every
kind of task have none.
"""

import contextlib
import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipelines.local.run import new_run_directory, run
from pipelines.request import local_request

pytestmark = pytest.mark.slow

TARGETS: dict[str, tuple[object, ...]] = {
    "binary": (0, 1),
    "multiclass": (0, 1, 2),
    "regression": (0.5, 1.5, 2.5, 3.5),
}


def started(root: Path, table: Path, model: str | None = None, **schema: Any) -> Path:
    """The directory of a run."""
    file = root / "schema.json"
    file.write_text(json.dumps(schema))
    sets = [] if model else ["epochs=2"]
    request = local_request(str(table), None if model else file, sets, root / "runs", model)
    directory = new_run_directory(root / "runs")
    run(request, directory, watch=lambda *_: contextlib.nullcontext())
    return directory


def values_in(content: Any) -> list[Any]:
    """All values in JSON, at any depth."""
    if isinstance(content, dict):
        return [value for item in content.values() for value in values_in(item)]
    if isinstance(content, list):
        return [value for item in content for value in values_in(item)]
    return [content]


@pytest.mark.parametrize("task", TARGETS)
def test_no_executor_output_has_a_null_or_a_number_that_is_not_finite(
    task: str, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    draw = random.Random(0)
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "target"])
        for number in range(60):
            target = TARGETS[task][number % len(TARGETS[task])]
            rows.writerow([draw.gauss(0, 1), draw.choice(["x", "y", ""]), target])
    columns = [{"name": "a", "kind": "numeric"}, {"name": "b", "kind": "categorical"}]
    trained = started(tmp_path, table, target="target", task=task, columns=columns)
    predicted = started(tmp_path, table, model=trained.name)
    outputs = [*trained.glob("*/executor_output.json")]
    outputs += predicted.glob("*/executor_output.json")
    assert {path.parent.name for path in outputs} >= {"preprocess", "train", "collect", "predict"}
    for path in outputs:

        def refuse(constant: str, path: Path = path) -> None:
            pytest.fail(f"{path}: {constant}")

        content = json.loads(path.read_text(), parse_constant=refuse)
        assert None not in values_in(content), path

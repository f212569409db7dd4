"""Finished runs of each task, made by the real steps once for all tests of the report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pytest

from trainer.__main__ import main
from vertex_tabular.preprocessing.prepare import prepare
from vertex_tabular.report.columns import columns_of
from vertex_tabular.run.directory import RunDirectory

ROWS = 500
LEVELS = ["north", "south", "<b>east & west</b>"]
COLUMNS = [
    {"name": "region", "kind": "categorical"},
    {"name": "colour", "kind": "categorical", "encoding": "onehot", "impute": "none"},
    {"name": "size", "kind": "numeric"},
    {"name": "noise", "kind": "numeric"},
    {"name": "new", "kind": "boolean"},
    {"name": "day", "kind": "datetime", "parts": ["year", "month"]},
]


def rows_of(run: RunDirectory, x: "np.ndarray[Any, Any]", table: dict[str, list[Any]]) -> list[int]:
    """The rows of the table behind the features (n, features), by their noise, which is unique."""
    (noise,) = (column for column in columns_of(run) if column.name == "noise")
    return [table["noise"].index(value) for value in noise.rounded(x)[:, 0].round().tolist()]


class Arrays(TypedDict):
    """The arrays as `write_report` takes them."""

    train_data: str
    val_data: str


@dataclass(frozen=True)
class Made:
    """A finished run, the arrays it was made from, and the table that those came from."""

    task: str
    directory: Path
    table: dict[str, list[Any]]

    @property
    def run(self) -> str:
        return str(self.directory / "run")

    @property
    def arrays(self) -> Arrays:
        return {
            "train_data": str(self.directory / "train_data.npz"),
            "val_data": str(self.directory / "val_data.npz"),
        }


def make(task: str, directory: Path) -> Made:
    """A table whose target depends on size and region, prepared and trained on."""
    random = np.random.default_rng(3)
    size = random.normal(50, 10, ROWS).round(1)
    region = random.choice(LEVELS, ROWS, p=[0.5, 0.3, 0.2])
    score = (size - 50) / 10 + (region == "north") + random.logistic(size=ROWS) * 0.4
    target = {
        "binary": np.where(score > 0.5, "yes", "no"),
        "multiclass": np.digitize(score, [0, 1]),
        "regression": (100_000 + 20_000 * score).round(2),
    }[task]
    table: dict[str, list[Any]] = {
        "region": region.tolist(),
        "colour": random.choice(["red", "blue", ""], ROWS).tolist(),
        "size": size.tolist(),
        "noise": random.permutation(ROWS).tolist(),
        "new": random.choice(["yes", "no"], ROWS).tolist(),
        "day": [f"20{y}-{m:02}-01" for y, m in random.integers((15, 1), (24, 13), (ROWS, 2))],
        "target": target.tolist(),
    }
    lines = [
        ",".join(table),
        *(",".join(map(str, row)) for row in zip(*table.values(), strict=True)),
    ]
    csv = directory / "table.csv"
    csv.write_text("\n".join(lines) + "\n")
    prepare(str(csv), {"target": "target", "task": task, "columns": COLUMNS}, str(directory))
    made = Made(task, directory, table)
    flags = ["--train", made.arrays["train_data"], "--val", made.arrays["val_data"]]
    assert main([*flags, "--model_out", made.run, "--epochs=60", "--learning_rate=0.02"]) == 0
    return made


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """One run of each task."""
    tasks = ("binary", "multiclass", "regression")
    return {task: make(task, tmp_path_factory.mktemp(task)) for task in tasks}


@pytest.fixture(params=["binary", "multiclass", "regression"])
def made(request: pytest.FixtureRequest, runs: dict[str, Made]) -> Made:
    """The run of one task."""
    return runs[request.param]
